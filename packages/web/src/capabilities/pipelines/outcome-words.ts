import type { PipelineRun } from '@trivium/contract'

/** Why a run or step ended as it did: the cause, and the step that it happened in where the text names one. */
export interface Outcome {
  readonly step: string | undefined
  readonly cause: string
}

/** Takes `Step "train" failed: KeyError: 'origin'` apart; a step that is named twice is named once. */
export function outcomeOf(reason: string): Outcome {
  let [step, cause]: [string | undefined, string] = [undefined, reason]
  for (;;) {
    const found = /^Step "([^"]+)" failed: (.+)$/s.exec(cause)
    if (!found) break
    ;[step, cause] = [step ?? found[1], found[2] ?? '']
  }
  return { step, cause }
}

/** The outcome in one line, for lists: the cause first. */
export function outcomeLine(reason: string): string {
  const { step, cause } = outcomeOf(reason)
  return step === undefined ? cause : `${cause} (${step})`
}

/** What a failed run did not do: the steps that were skipped. */
export function skippedWords(steps: PipelineRun['steps']): string {
  const skipped = steps.filter((step) => step.state === 'skipped').map((step) => step.name)
  if (skipped.length === 0) return ''
  if (skipped.length > 3) return `${skipped.length} steps after it did not run.`
  const names = skipped.length === 1 ? skipped[0] : `${skipped.slice(0, -1).join(', ')} and ${skipped.at(-1)}`
  return `${names} did not run.`
}

import { setTimeout as sleep } from 'node:timers/promises'
import { getPipelineRun, type PipelineRun, type PipelineStepRun, readStepLog } from '@trivium/contract'
import type { Action } from './command.ts'
import { shownText } from './shown-text.ts'

const pollMs = 400
const ended: ReadonlySet<string> = new Set(['finished', 'failed', 'rejected', 'cancelled'])

/** How far the log of one attempt has been shown. */
interface Position {
  attempt: number
  offset: number
  complete: boolean
}

/** Shows states and log lines of a run on stderr as they come, and returns the run when it has ended. Ctrl-C stops watching; the run goes on. */
export async function followRun(work: Action, id: string, only?: string): Promise<PipelineRun> {
  const { client, project, terminal } = work
  const said = new Map<string, string>()
  const positions = new Map<string, Position>()
  for (;;) {
    const run = await client.call(getPipelineRun, { params: { project, run: id } })
    const done = ended.has(run.state)
    for (const step of run.steps.filter((one) => only === undefined || one.name === only)) {
      if (step.attempts.length > 0) await showLog(work, run, step, positions)
      announce(work, step, said)
    }
    if (done) return run
    await sleep(pollMs, undefined, { signal: terminal.signal })
  }
}

/** Shows the newest attempt of every step, or of one, on stdout. */
export async function printLogs(work: Action, run: PipelineRun, only?: string): Promise<void> {
  const lines = []
  for (const step of run.steps.filter((one) => one.attempts.length > 0 && (only === undefined || one.name === only))) {
    let offset = 0
    for (;;) {
      const page = await work.client.call(readStepLog, {
        params: { project: work.project, run: run.id, step: step.name },
        query: { offset },
      })
      lines.push(...page.lines.map((line) => ({ step: step.name, attempt: page.attempt, ...line })))
      if (page.lines.length === 0 || page.nextOffset === offset) break
      offset = page.nextOffset
    }
  }
  work.show(lines, (all) => all.map(({ step, text }) => `${step} | ${text}`).join('\n'))
}

function announce({ terminal, options }: Action, step: PipelineStepRun, said: Map<string, string>): void {
  if (options.json || said.get(step.name) === step.state || step.state === 'queued') return
  said.set(step.name, step.state)
  const why =
    step.state === 'cached' ? step.cache?.reason : step.state === 'finished' ? step.verdict?.reason : step.reason
  terminal.err(shownText(`${step.name}: ${step.state}${why ? `, ${why}` : ''}\n`))
}

async function showLog(
  { client, project, terminal, options }: Action,
  run: PipelineRun,
  step: PipelineStepRun,
  positions: Map<string, Position>,
): Promise<void> {
  if (options.json) return
  const newest = step.attempts.at(-1)?.attempt ?? 1
  let position = positions.get(step.name)
  if (!position || position.attempt !== newest) {
    position = { attempt: newest, offset: 0, complete: false }
    positions.set(step.name, position)
  }
  while (!position.complete) {
    const { attempt, offset } = position
    const page = await client.call(readStepLog, {
      params: { project, run: run.id, step: step.name },
      query: { attempt, offset },
    })
    for (const { text } of page.lines) terminal.err(`${step.name} | ${shownText(text)}\n`)
    const stuck = page.nextOffset === offset
    position.offset = page.nextOffset
    position.complete = page.complete
    if (stuck || page.lines.length === 0) return
  }
}

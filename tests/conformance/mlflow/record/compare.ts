import type { Exchange } from './play.ts'
import type { Step } from './step.ts'

/** Where an answer of ours is not what MLflow said: `status` with the error's code, `words` of the message, or a path in the body. */
export interface Difference {
  readonly exchange: string
  readonly at: string
  readonly mlflow: unknown
  readonly ours: unknown
}

/**
 * Of errors, status, code and the words that clients look for are compared; of good answers everything. MLflow's errors also have `sqlstate` and
 * `error_class`, ours `request_id` and `trivium_code`: no client reads them.
 */
export function compare({ name, says }: Step, recorded: Exchange, ours: Exchange): Difference[] {
  const found: Difference[] = []
  const differs = (at: string, mlflow: unknown, own: unknown): void => {
    found.push({ exchange: name, at, mlflow, ours: own })
  }
  if (recorded.status !== 200 || ours.status !== 200) {
    const own = errorOf(ours)
    const [theirs, outcome] = [recorded, ours].map((one) => `${one.status} ${errorOf(one).error_code ?? ''}`.trim())
    if (theirs !== outcome) differs('status', theirs, outcome)
    if (says !== undefined && !own.message?.includes(says)) differs('words', says, own.message)
    return found
  }
  walk(recorded.answer, ours.answer, 'answer', differs)
  return found
}

const errorOf = ({ answer }: Exchange) => (answer ?? {}) as { error_code?: string; message?: string }

function walk(
  theirs: unknown,
  own: unknown,
  path: string,
  differs: (at: string, a: unknown, b: unknown) => void,
): void {
  if (isObject(theirs) && isObject(own)) {
    for (const key of new Set([...Object.keys(theirs), ...Object.keys(own)]))
      walk(theirs[key], own[key], `${path}.${key}`, differs)
    return
  }
  if (Array.isArray(theirs) && Array.isArray(own) && theirs.length === own.length) {
    for (const [i, one] of theirs.entries()) walk(one, own[i], `${path}[${i}]`, differs)
    return
  }
  if (JSON.stringify(theirs) !== JSON.stringify(own)) differs(path, theirs, own)
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

import type { LabelRow } from './label-table.ts'

/** The part of a label that decides which value counts. */
export type LabelFact = Pick<LabelRow, 'id' | 'kind' | 'number' | 'text' | 'event_time'>

const valueKey = ({ kind, number, text }: LabelFact): string => `${kind}:${number ?? text ?? ''}`
const order = (a: LabelFact, b: LabelFact): number =>
  a.event_time - b.event_time || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)

/**
 * The history of one prediction's label as known at `asOf`, oldest first: by the time at which a value became known, then by arrival. The same value
 * again adds nothing; another one is a correction. The last is the value that counts, and its event time is when it became known.
 */
export function resolveLabels<L extends LabelFact>(labels: readonly L[], asOf: number): L[] {
  const history: L[] = []
  for (const label of labels.filter(({ event_time }) => event_time <= asOf).toSorted(order)) {
    const last = history.at(-1)
    if (!last || valueKey(last) !== valueKey(label)) history.push(label)
  }
  return history
}

import type { Dataset } from '@trivium/contract'
import type { StateKind } from '../../ui/state.tsx'

/** Where a dataset stands, in a glyph and a word. */
export function datasetState(dataset: Dataset): { kind: StateKind; word: string } {
  if (dataset.rejectedAt !== null) return { kind: 'bad', word: 'refused newer data' }
  if (dataset.latest === null) return { kind: 'idle', word: 'declared, no data' }
  return dataset.latest.state === 'warned' ? { kind: 'warn', word: 'attention' } : { kind: 'ok', word: 'valid' }
}

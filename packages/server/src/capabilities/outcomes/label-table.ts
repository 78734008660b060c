import type { LabelValue, NewLabel } from '@trivium/contract'
import { newId } from '../../kernel/ids/index.ts'
import type { TableColumn } from '../../kernel/ports/index.ts'
import { isSealed } from '../../kernel/subjects/index.ts'
import { outcomeErrors } from './errors.ts'

export const labelTable = (deployment: string): string => `label/${deployment}`
export const labelStream = (project: string, deployment: string): string[] => ['labels', project, deployment]

/** Columns of a label table. `id` grows with arrival; `number` is 0 or 1 for no and yes; `text` is set for names only. */
export const labelColumns: TableColumn[] = [
  { name: 'id', type: 'string' },
  { name: 'prediction_id', type: 'string' },
  { name: 'kind', type: 'string' },
  { name: 'number', type: 'number' },
  { name: 'text', type: 'string' },
  { name: 'event_time', type: 'integer' },
  { name: 'at', type: 'integer' },
  { name: 'correction', type: 'boolean' },
  { name: 'source', type: 'string' },
]

/** One row of a label table. */
export interface LabelRow {
  id: string
  prediction_id: string
  kind: 'number' | 'boolean' | 'string'
  number: number | null
  text: string | null
  event_time: number
  at: number
  correction: boolean
  source: string | null
}

/** A label as its row; `defaultTime` is when it became known unless it says so. */
export function labelRow(label: NewLabel, at: number, defaultTime: number): LabelRow {
  const { predictionId, value, eventTime, correction, source } = label
  if (value === '' || (typeof value === 'number' && !Number.isFinite(value)))
    throw outcomeErrors.BAD_VALUE(predictionId)
  return {
    id: newId('lbl'),
    prediction_id: predictionId,
    kind: typeof value as LabelRow['kind'],
    number: typeof value === 'string' ? null : Number(value),
    text: typeof value === 'string' ? value : null,
    event_time: eventTime ?? defaultTime,
    at,
    correction: correction ?? false,
    source: source ?? null,
  }
}

/** The value that a row stands for. */
export function labelValue({ kind, number, text }: { kind: unknown; number: unknown; text: unknown }): LabelValue {
  // What is sealed is opened where it is shown, in the type that it had.
  if (kind === 'string' || isSealed(text)) return String(text)
  return kind === 'boolean' ? number === 1 : Number(number)
}

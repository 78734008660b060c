import type { LabelRecord, PredictionRow } from '@trivium/contract'
import { urn } from '../../kernel/ids/index.ts'
import type { TableResult } from '../../kernel/ports/index.ts'
import { type LabelRow, labelValue } from './label-table.ts'

export type Scalar = number | string | boolean | null

/** Rows of a result by column name. */
export function recordsOf({ columns, rows }: TableResult): Record<string, unknown>[] {
  return rows.map((row) => Object.fromEntries(columns.map(({ name }, index) => [name, row[index]])))
}

/** The values of a record whose columns begin with a prefix; those that the prediction did not have are left out. */
export function valuesOf(record: Readonly<Record<string, unknown>>, prefix: string): Record<string, Scalar> {
  return Object.fromEntries(
    Object.entries(record)
      .filter(([name, value]) => name.startsWith(prefix) && value !== null)
      .map(([name, value]) => [name.slice(prefix.length), value as Scalar]),
  )
}

/** A row of the cohort as the list shows it. */
export function presentPrediction(project: string, deployment: string, record: Record<string, unknown>): PredictionRow {
  const id = String(record['id'])
  return {
    id,
    urn: urn(project, 'prediction', `${deployment}:${id}`),
    release: String(record['release']),
    model: String(record['model']),
    version: Number(record['version']),
    eventTime: Number(record['event_time']),
    outputs: valuesOf(record, 'output.'),
    label:
      record['label_kind'] === null || record['label_kind'] === undefined
        ? null
        : {
            value: labelValue({
              kind: record['label_kind'],
              number: record['label_number'],
              text: record['label_text'],
            }),
            eventTime: Number(record['label_time']),
          },
  }
}

/** The history of a label; `rows` are resolved already. */
export function presentLabels(rows: readonly LabelRow[]): LabelRecord[] {
  return rows.map((row, index) => ({
    value: labelValue(row),
    eventTime: row.event_time,
    at: row.at,
    source: row.source,
    correction: index > 0,
    current: index === rows.length - 1,
  }))
}

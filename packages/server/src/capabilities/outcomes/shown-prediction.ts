import type { LabelValue, PredictionDetail, PredictionRow } from '@trivium/contract'
import type { Kernel } from '../../kernel/kernel.ts'
import { isSealed, readSealed } from '../../kernel/subjects/index.ts'
import { permits, type Scope } from '../../kernel/principal/index.ts'
import { type Mask, maskRecord } from '../access/index.ts'

/** A prediction of the list as the reader may see it: without `data:read-rows` which release answered when, but no values; personal columns redacted. */
export function shownRow(scope: Scope, mask: Mask, row: PredictionRow): PredictionRow {
  return permits(scope, 'data:read-rows')
    ? { ...row, outputs: maskRecord(mask, row.outputs) }
    : { ...row, outputs: {}, label: null, withheld: true }
}

/** Everything about a prediction that the reader may see. */
export function shownDetail(scope: Scope, mask: Mask, detail: PredictionDetail): PredictionDetail {
  const shown = { ...detail, ...shownRow(scope, mask, detail) }
  return shown.withheld
    ? { ...shown, inputs: {}, features: {}, labels: [] }
    : { ...shown, inputs: maskRecord(mask, detail.inputs), features: maskRecord(mask, detail.features) }
}

type Values = Record<string, number | string | boolean | null>

type Labelled = { label: PredictionRow['label']; labels?: PredictionDetail['labels'] }

/** The same predictions with what is sealed opened for those who may see it; `redacted` for others, and where the person was erased. */
export async function openPredictions<Row extends { outputs: Values; inputs?: Values; features?: Values } & Labelled>(
  { subjects }: Pick<Kernel, 'subjects'>,
  scope: Scope,
  rows: readonly Row[],
): Promise<Row[]> {
  const fields = ['outputs', 'inputs', 'features'] as const
  const texts = rows.flatMap((row) => [
    ...fields.flatMap((field) => Object.values(row[field] ?? {})),
    ...[row.label, ...(row.labels ?? [])].flatMap((label) => (label ? [label.value] : [])),
  ])
  if (!texts.some(isSealed)) return [...rows]
  const open = permits(scope, 'data:read-personal')
    ? await subjects.opener(scope.project, texts)
    : (): undefined => undefined
  const read = (values: Values): Values =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, readSealed(value, open) as Values[string]]))
  const shown = <Label extends { value: LabelValue }>(label: Label): Label => ({
    ...label,
    value: readSealed(label.value, open) as LabelValue,
  })
  return rows.map((row) => ({
    ...row,
    outputs: read(row.outputs),
    label: row.label && shown(row.label),
    ...(row.inputs ? { inputs: read(row.inputs) } : {}),
    ...(row.features ? { features: read(row.features) } : {}),
    ...(row.labels ? { labels: row.labels.map(shown) } : {}),
  }))
}

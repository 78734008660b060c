import type { OutputShift, TrainingPredictions } from '@trivium/contract'
import type { Relation, TableColumn, TableEngine } from '../../kernel/ports/index.ts'
import { benjaminiHochberg, kolmogorovSmirnovBinned } from '../../kernel/stats/index.ts'
import { sqlName } from '../../kernel/tables/column-sql.ts'
import { countWindows } from '../../kernel/tables/profile-relation.ts'
import type { ColumnCounts } from '../../kernel/tables/profile.ts'
import { numberText, valueColumns } from './watched-features.ts'

/** A distance below it is too small to matter, as for features. */
const minEffect = 0.1
const allowedQ = 0.05
/** Fewer rows on either side say nothing about a spread. */
const fewestRows = 100

/** The cohort's columns for a comparison of outputs: the prediction, and the slices that the log has. */
export function outputColumns(
  trained: TrainingPredictions | undefined,
  log: readonly TableColumn[],
): { readonly sql: string; readonly name: string; readonly slice: string | null }[] {
  const output = trained && log.find(({ name }) => name === `output.${trained.output}`)
  if (!trained || !output) return []
  const values = valueColumns(log)
  const slices = [...new Set(trained.slices.map(({ column }) => column))].flatMap((slice) => {
    const column = values.get(slice)
    if (!column) return []
    const name = sqlName(column.name)
    const text = column.type === 'number' ? numberText(name) : `${name}::varchar`
    return [{ sql: `coalesce(${text}, '(none)')`, slice }]
  })
  return [
    { sql: `try_cast(${sqlName(output.name)} as double)`, name: 'said', slice: null },
    ...slices.map(({ sql, slice }, index) => ({ sql, name: `t${index}`, slice })),
  ]
}

/**
 * Compares how predictions are spread with what the model said about its training rows, overall and by slice: the Kolmogorov–Smirnov distance over the quantile bins of the training
 * predictions, tested together after Benjamini and Hochberg. It needs no label.
 */
export async function compareOutputs(
  tables: TableEngine,
  cohort: Relation,
  trained: TrainingPredictions,
  columns: ReturnType<typeof outputColumns>,
): Promise<OutputShift[]> {
  const bins = trained.profile.bins
  if (!bins || columns.length === 0) return []
  const profile = {
    schema: 1 as const,
    rows: trained.rows,
    quantilePoints: [],
    columns: [{ ...trained.profile, name: 'said', histogram: null }],
  }
  const reference = [bins.under, ...bins.counts, bins.over]
  const shifts: OutputShift[] = []
  const compare = (
    about: Pick<OutputShift, 'by' | 'value'>,
    before: { rows: number; mean: number | null; counts: readonly number[] },
    current: { rows: number; column: ColumnCounts | undefined },
  ) => {
    const after = current.column?.bins
    const enough = before.rows >= fewestRows && current.rows >= fewestRows && after
    const test = enough
      ? kolmogorovSmirnovBinned([...before.counts], [after.under, ...after.counts, after.over])
      : undefined
    shifts.push({
      ...about,
      trainingRows: before.rows,
      rows: current.rows,
      trainingMean: before.mean,
      mean: current.column?.mean ?? null,
      effect: test?.effect ?? null,
      pValue: test?.pValue ?? null,
      q: null,
      verdict: 'unknown',
    })
  }
  for (const { name, slice } of columns) {
    const windows = await countWindows(tables, {
      profile,
      relation: cohort,
      ...(slice === null ? {} : { by: name }),
    })
    if (slice === null)
      compare(
        { by: null, value: null },
        { rows: trained.rows, mean: trained.profile.mean, counts: reference },
        { rows: windows[0]?.rows ?? 0, column: windows[0]?.columns[0] },
      )
    else
      for (const one of trained.slices.filter(({ column }) => column === slice)) {
        const window = windows.find(({ by }) => String(by) === one.value)
        compare({ by: slice, value: one.value }, one, { rows: window?.rows ?? 0, column: window?.columns[0] })
      }
  }
  const tested = shifts.filter(({ pValue }) => pValue !== null)
  const adjusted = benjaminiHochberg(tested.map(({ pValue }) => pValue ?? 1))
  const qs = new Map(tested.map((shift, index) => [shift, adjusted[index] ?? 1]))
  return shifts.map((shift) => {
    const q = qs.get(shift)
    if (q === undefined) return shift
    return { ...shift, q, verdict: (shift.effect ?? 0) >= minEffect && q <= allowedQ ? 'moved' : 'same' }
  })
}

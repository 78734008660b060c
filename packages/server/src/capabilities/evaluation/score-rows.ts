import type { BatchScorer, Relation, TableEngine } from '../../kernel/ports/index.ts'
import { sqlName, sqlText } from '../../kernel/tables/column-sql.ts'
import type { ChosenFeatures } from './choose-features.ts'
import type { ChosenOutput } from './choose-output.ts'
import { evaluationErrors } from './errors.ts'
import { type PreparedRows, sliceText, timeMs } from './prepare-rows.ts'

/** A model that is ready to be run over the rows. */
export interface ScoredModel {
  readonly called: string
  readonly path: string
  readonly features: ChosenFeatures
  readonly output: ChosenOutput
}

/** The scores of a model as a file, one row each in the order of the rows. */
export async function scoreRows(
  { scorer, tables }: { scorer: BatchScorer; tables: TableEngine },
  model: ScoredModel,
  prepared: PreparedRows,
  { path, signal }: { path: string; signal?: AbortSignal },
): Promise<Relation> {
  const scored = await scorer.score({
    modelPath: model.path,
    rowsPath: prepared.path,
    outputPath: path,
    ...(model.features.order ? { featureNames: model.features.order } : {}),
    ...(signal ? { signal } : {}),
  })
  if (scored.rows !== prepared.rows)
    throw evaluationErrors.SCORES_UNUSABLE(
      model.called,
      model.output.name,
      `has ${scored.rows} rows for ${prepared.rows} rows of input`,
    )
  if (!scored.columns.includes(model.output.column))
    throw evaluationErrors.NO_SUCH_OUTPUT(model.called, model.output.name, scored.columns.join(', '))
  const relation: Relation = { format: 'parquet', files: [path] }
  await requireUsable(tables, model, prepared, relation, signal)
  return relation
}

async function requireUsable(
  tables: TableEngine,
  model: ScoredModel,
  { task }: PreparedRows,
  scores: Relation,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { rows } = await tables.query(
    {
      sql: `select count(*) filter (where s is null or not isfinite(s)), min("row") filter (where s is null or not isfinite(s)), min(s), max(s) from (select "row", ${sqlName(model.output.column)}::double as s from scores)`,
      relations: { scores },
      trusted: true,
    },
    signal ? { signal } : {},
  )
  const [bad, first, low, high] = (rows[0] ?? []) as [number, number, number, number]
  if (bad > 0)
    throw evaluationErrors.SCORES_UNUSABLE(
      model.called,
      model.output.name,
      `is no finite number in ${bad.toLocaleString('en-GB')} rows, the first of them row ${first}`,
    )
  if (task === 'binary' && (low < 0 || high > 1))
    throw evaluationErrors.SCORES_UNUSABLE(
      model.called,
      model.output.name,
      `is no probability: it goes from ${low} to ${high}`,
    )
}

/** What the computing thread reads: day, label, score, the champion's score, slice codes. The files have the same rows in the same order. */
export function scoredRowsSql(
  columns: { label: string; time: string; output: string; championOutput?: string },
  slices: PreparedRows['slices'],
): string {
  const codes = slices.map(({ column, values }, index) => {
    const cases = values.map((value, code) => `when ${sqlText(value)} then ${code}`).join(' ')
    return `case ${sliceText(column)} ${cases} else -1 end as slice${index}`
  })
  const selected = [
    `floor(${timeMs(columns.time)} / 86400000)::integer as day`,
    `data.${sqlName(columns.label)}::double as label`,
    `scores.${sqlName(columns.output)}::double as score`,
    ...(columns.championOutput === undefined
      ? []
      : [`champion.${sqlName(columns.championOutput)}::double as champion_score`]),
    ...codes,
  ]
  const champion = columns.championOutput === undefined ? '' : ' positional join champion'
  return `select ${selected.join(', ')} from data positional join scores${champion}`
}

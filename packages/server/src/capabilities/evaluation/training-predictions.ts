import { join } from 'node:path'
import type { TrainingPredictions } from '@trivium/contract'
import { AppError } from '../../kernel/errors/index.ts'
import type { BatchScorer, Relation, TableEngine } from '../../kernel/ports/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { sqlName } from '../../kernel/tables/column-sql.ts'
import { countWindows, profileRelation } from '../../kernel/tables/profile-relation.ts'
import type { Datasets } from '../datasets/index.ts'
import type { ChosenOutput } from './choose-output.ts'
import type { Contestant } from './contestant.ts'
import { prepareRows, sliceText } from './prepare-rows.ts'
import { scoreRows } from './score-rows.ts'
import type { EvaluationSettings } from './settings.ts'

/** So many rows say how predictions are spread to a hundredth (Dvoretzky, Kiefer and Wolfowitz: 0.019 at 95 %). */
const mostRows = 5000

/**
 * What a model says about rows that it was trained on, evenly taken from the whole: the profile of its predictions, overall and by the slices of the evaluation. Null, with a line in the log, where the training data
 * cannot be scored; nothing else depends on it.
 */
export async function trainingPredictions(
  deps: { tables: TableEngine; scorer: BatchScorer; datasets: Datasets },
  scope: Scope,
  candidate: Contestant,
  {
    output,
    settings,
    directory,
    log,
    signal,
  }: {
    output: ChosenOutput
    settings: EvaluationSettings
    directory: string
    log: (line: string) => void
    signal?: AbortSignal
  },
): Promise<TrainingPredictions | null> {
  const { training: version, features, file, called } = candidate
  if (!version) return null
  const { tables, datasets } = deps
  const during = signal ? { signal } : {}
  const [sample, path, scored] = ['sample', 'trained', 'said'].map((name) => join(directory, `${name}.parquet`)) as [
    string,
    string,
    string,
  ]
  try {
    const every = Math.max(1, Math.floor(version.rows / mostRows))
    const source = await datasets.opened(scope, version.name, version.version)
    try {
      await tables.write(
        {
          sql: `select * exclude (place) from (select *, row_number() over () as place from data) where place % ${every} = 0`,
          relations: { data: source.relation },
          trusted: true,
          output: { path: sample, format: 'parquet' },
        },
        during,
      )
    } finally {
      await source.release()
    }
    // The filter picks the rows to evaluate on; these are the others.
    const { where: _where, ...rest } = settings
    const prepared = await prepareRows(tables, {
      version: { ...version, columns: source.typed(version.columns) },
      settings: rest,
      features: features.columns,
      source: { format: 'parquet', files: [sample] },
      path,
      ...during,
    })
    const scores = await scoreRows(deps, { called, path: file.path, features, output }, prepared, {
      path: scored,
      ...during,
    })
    const slices = prepared.slices.map(({ column }, index) => `${sliceText(column)} as s${index}`)
    const said = join(directory, 'predictions.parquet')
    await tables.write(
      {
        sql: `select ${[`scores.${sqlName(output.column)}::double as score`, ...slices].join(', ')} from data positional join scores`,
        relations: { data: prepared.relation, scores },
        trusted: true,
        output: { path: said, format: 'parquet' },
      },
      during,
    )
    const relation: Relation = { format: 'parquet', files: [said] }
    const profile = await profileRelation(tables, { relation, columns: [{ name: 'score', type: 'number' }] }, during)
    const [column] = profile.columns
    if (!column?.bins) return null
    const found: TrainingPredictions['slices'] = []
    for (const [index, slice] of prepared.slices.entries()) {
      for (const { by, rows, columns } of await countWindows(tables, { profile, relation, by: `s${index}` }, during)) {
        const [counts] = columns
        if (!counts?.bins || !slice.values.includes(String(by))) continue
        const { under, counts: inside, over } = counts.bins
        found.push({
          column: slice.column,
          value: String(by),
          rows,
          mean: counts.mean,
          counts: [under, ...inside, over],
        })
      }
    }
    return {
      dataset: version.urn,
      output: output.column,
      rows: prepared.rows,
      profile: { ...column, name: output.column },
      slices: found,
    }
  } catch (error) {
    if (!(error instanceof AppError) || error.status >= 500) throw error
    log(`What it says about its training data cannot be kept for comparison: ${error.message}`)
    return null
  }
}

import type { BodyOf, ParityData, testModelParity } from '@trivium/contract'
import type { Kernel } from '../../../kernel/kernel.ts'
import { urn } from '../../../kernel/ids/index.ts'
import type { Relation } from '../../../kernel/ports/index.ts'
import { accessErrors, permits, type Scope } from '../../../kernel/principal/index.ts'
import { sqlName } from '../../../kernel/tables/column-sql.ts'
import type { Datasets } from '../../datasets/index.ts'
import { type Outcomes, predictionsSql } from '../../outcomes/index.ts'
import { registryErrors } from '../errors.ts'

type Asked = Pick<BodyOf<typeof testModelParity>, 'dataset' | 'predictions'>

/** Recorded inputs: a view of them by the names that a model knows. */
export interface RecordedRows {
  readonly source: ParityData['source']
  readonly columns: readonly string[]
  /** SQL of all rows, in the order in which they are numbered. */
  readonly sql: string
  readonly relations: Readonly<Record<string, Relation>>
  release(): Promise<void>
}

/** Opens the rows of a dataset version or of the prediction log; both need the permission to read them. */
export async function openRecorded(
  { datasets, outcomes }: { datasets: Pick<Datasets, 'version' | 'get' | 'opened'>; outcomes: ParityOutcomes },
  scope: Scope,
  { dataset, predictions }: Asked,
): Promise<RecordedRows> {
  if ((dataset === undefined) === (predictions === undefined))
    throw registryErrors.BAD_PARITY('Say on which recorded inputs: either "dataset" or "predictions".')
  if (dataset) {
    require(scope, 'dataset:read')
    const number = dataset.version ?? (await datasets.get(scope, dataset.name)).latest?.version
    if (number === undefined) throw registryErrors.BAD_PARITY(`The dataset "${dataset.name}" has no version.`)
    const { version } = await datasets.version(scope, dataset.name, number)
    const { relation, release } = await datasets.opened(scope, dataset.name, number)
    return {
      source: { kind: 'dataset', urn: version.urn },
      columns: version.columns.map(({ name }) => name),
      sql: 'select * from data',
      relations: { data: relation },
      release,
    }
  }
  const { deployment, from, to } = predictions ?? { deployment: '' }
  require(scope, 'prediction:read')
  const times = await outcomes.times(scope, deployment)
  if (!times) throw registryErrors.BAD_PARITY(`The deployment "${deployment}" has no recorded predictions.`)
  const range = { from: from ?? times.oldest, to: to ?? times.newest + 1 }
  const { predictions: relation } = await outcomes.relations(scope, deployment, range)
  const names = new Map<string, string>()
  // What was looked up stands beside what was sent; a model takes both by their names.
  for (const { name } of relation.columns ?? [])
    for (const prefix of ['input.', 'feature.']) if (name.startsWith(prefix)) names.set(name.slice(prefix.length), name)
  for (const { name } of relation.columns ?? []) if (name.startsWith('output.')) names.set(name, name)
  const selected = [...names].map(([as, name]) => `${sqlName(name)} as ${sqlName(as)}`)
  return {
    source: { kind: 'predictions', urn: urn(scope.project, 'deployment', deployment) },
    columns: [...names.keys()],
    sql: `select ${selected.join(', ')} from (${predictionsSql(range)}) order by event_time, id`,
    relations: { predictions: relation },
    release: async () => {},
  }
}

export type ParityOutcomes = Pick<Outcomes, 'times' | 'relations'>

function require(scope: Scope, permission: 'dataset:read' | 'prediction:read'): void {
  if (!permits(scope, permission)) throw accessErrors.FORBIDDEN(permission, scope.project)
}

/** Writes so many of the rows, evenly over all, with the columns that are needed and their number; returns how many there are. */
export async function writeRows(
  { tables }: Pick<Kernel, 'tables'>,
  recorded: RecordedRows,
  { columns, most, path }: { columns: readonly string[]; most: number; path: string },
): Promise<{ rows: number; of: number }> {
  const missing = columns.filter((name) => !recorded.columns.includes(name))
  if (missing.length > 0)
    throw registryErrors.BAD_PARITY(
      `The recorded inputs have no column ${missing.map((name) => `"${name}"`).join(', ')}. They have ${recorded.columns.join(', ')}.`,
    )
  const { relations } = recorded
  const counted = await tables.query({ sql: `select count(*) from (${recorded.sql})`, relations, trusted: true })
  const of = Number(counted.rows[0]?.[0])
  if (of === 0) throw registryErrors.BAD_PARITY('There are no recorded inputs to compare on.')
  const step = Math.ceil(of / most)
  const { rows } = await tables.write({
    sql: `select ${['trivium_row', ...columns].map(sqlName).join(', ')} from (select *, row_number() over () - 1 as trivium_row from (${recorded.sql})) where trivium_row % ${step} = 0 order by trivium_row`,
    relations,
    trusted: true,
    output: { path, format: 'parquet' },
  })
  return { rows, of }
}

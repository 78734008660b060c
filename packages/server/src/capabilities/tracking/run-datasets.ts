import type { Selectable } from 'kysely'
import { type FixedParts, fixedQuery, type Reader } from '../../kernel/db/index.ts'
import type { RunDatasetTable, RunInputTable } from './tables.ts'
import './tables.ts'

/** A dataset that a run read: what the run says of it, and what its experiment knows of it. */
export type RunDataset = Selectable<
  Pick<RunInputTable, 'run_id' | 'name' | 'digest' | 'context' | 'tags' | 'urn'> &
    Pick<RunDatasetTable, 'source_type' | 'source' | 'schema' | 'profile'>
>

const runsAtOnce = 5000

const findDatasets = fixedQuery(
  ({ db, value, among }: FixedParts<{ project: string; runs: readonly string[] }>) =>
    db
      .selectFrom('run_input as read')
      .innerJoin('run_dataset as known', (join) =>
        join
          .onRef('known.project_id', '=', 'read.project_id')
          .onRef('known.experiment_id', '=', 'read.experiment_id')
          .onRef('known.name', '=', 'read.name')
          .onRef('known.digest', '=', 'read.digest'),
      )
      .select([
        'read.run_id',
        'read.name',
        'read.digest',
        'read.context',
        'read.tags',
        'read.urn',
        'known.source_type',
        'known.source',
        'known.schema',
        'known.profile',
      ])
      .where('read.project_id', '=', value('project'))
      .where(among('read.run_id', 'runs'))
      .orderBy('read.name'),
  { prepared: true },
)

/** The datasets of runs, by name. */
export async function runDatasets(db: Reader, project: string, runs: readonly string[]): Promise<RunDataset[]> {
  const found: RunDataset[] = []
  for (let start = 0; start < runs.length; start += runsAtOnce)
    found.push(...(await findDatasets(db, { project, runs: runs.slice(start, start + runsAtOnce) })))
  return found
}

import type { Import, ImportReport } from '@trivium/contract'
import type { Reader } from '../../kernel/db/index.ts'
import { importErrors } from './errors.ts'
import type { ImportTable } from './tables.ts'
import './tables.ts'

/** A page of imports: as many as `limit`, after the one that the token names. */
export interface ImportQuery {
  readonly limit: number
  readonly after?: string
}

export async function requireImport(db: Reader, project: string, id: string): Promise<ImportTable> {
  const row = await db
    .selectFrom('import')
    .selectAll()
    .where('project_id', '=', project)
    .where('id', '=', id)
    .executeTakeFirst()
  if (!row) throw importErrors.NOT_FOUND(id)
  return row
}

export async function listImports(
  db: Reader,
  project: string,
  { limit, after }: ImportQuery,
): Promise<{ imports: Import[]; nextPageToken: string | null }> {
  let select = db.selectFrom('import').selectAll().where('project_id', '=', project)
  if (after !== undefined) {
    if (!/^imp_[0-9a-zA-Z]+$/.test(after)) throw importErrors.BAD_PAGE_TOKEN()
    select = select.where('id', '<', after)
  }
  // Ids grow with time.
  const rows = await select
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute()
  const shown = rows.slice(0, limit)
  return {
    imports: await presentImports(db, project, shown),
    nextPageToken: rows.length > limit ? (shown.at(-1)?.id ?? null) : null,
  }
}

/** Imports with where their experiments went and how many runs have arrived. */
export async function presentImports(db: Reader, project: string, rows: readonly ImportTable[]): Promise<Import[]> {
  if (rows.length === 0) return []
  const sources = [...new Set(rows.map(({ source }) => source))]
  const experiments = await db
    .selectFrom('import_experiment')
    .innerJoin('experiment', (join) =>
      join
        .onRef('experiment.project_id', '=', 'import_experiment.project_id')
        .onRef('experiment.id', '=', 'import_experiment.experiment_id'),
    )
    .select(['import_experiment.source', 'source_id', 'experiment_id', 'experiment.name'])
    .where('import_experiment.project_id', '=', project)
    .where('import_experiment.source', 'in', sources)
    .orderBy('experiment.number')
    .execute()
  const counts = await db
    .selectFrom('import_run')
    .select(['source', (e) => e.fn.countAll<number>().as('runs')])
    .where('project_id', '=', project)
    .where('source', 'in', sources)
    .groupBy('source')
    .execute()
  const runs = new Map(counts.map((row) => [row.source, Number(row.runs)]))
  return rows.map((row) => ({
    id: row.id,
    kind: row.kind,
    source: row.source,
    state: row.finished_at === null ? 'open' : 'finished',
    startedAt: row.started_at,
    lastAt: row.last_at,
    finishedAt: row.finished_at,
    by: row.started_by,
    experiments: experiments
      .filter(({ source }) => source === row.source)
      .map(({ source_id, experiment_id, name }) => ({ sourceId: source_id, id: experiment_id, name })),
    runs: runs.get(row.source) ?? 0,
    report: row.report === null ? null : (JSON.parse(row.report) as ImportReport),
  }))
}

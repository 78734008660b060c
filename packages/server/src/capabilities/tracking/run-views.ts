import type { RunView } from '@trivium/contract'
import { newId } from '../../kernel/ids/index.ts'
import { requirePermission, type Scope } from '../../kernel/principal/index.ts'
import { trackingErrors } from './errors.ts'
import { requireExperiment, type TrackingDeps } from './experiments.ts'
import { parseFilter } from './filter/parse-filter.ts'
import { runTarget } from './filter/filter-target.ts'
import type { RunViewTable } from './tables.ts'

const mostViews = 500

type ViewInput = Pick<RunView, 'name' | 'experiment' | 'filter' | 'sort' | 'columns' | 'group' | 'shared' | 'layout'>

const ownerOf = ({ principal }: Scope): string => principal.onBehalfOf ?? principal.id

/** Views of runs that are the caller's or shared, by name. */
export async function listRunViews(
  { db }: Pick<TrackingDeps, 'db'>,
  scope: Scope,
  experiment: string | undefined,
): Promise<RunView[]> {
  let query = db.read
    .selectFrom('run_view')
    .selectAll()
    .where('project_id', '=', scope.project)
    .where((e) => e.or([e('owner', '=', ownerOf(scope)), e('shared', '=', 1)]))
    .orderBy('name')
    .orderBy('id')
    .limit(mostViews)
  if (experiment !== undefined) query = query.where('experiment_id', '=', experiment)
  return (await query.execute()).map((row) => viewOf(scope, row))
}

/** Saves a view; the caller's own of the same name is replaced. Whoever shares it may write runs. */
export async function saveRunView(deps: TrackingDeps, scope: Scope, input: ViewInput): Promise<RunView> {
  if (input.shared) requirePermission(scope, 'run:write')
  parseFilter(input.filter, runTarget)
  await requireExperiment(deps, scope, input.experiment)
  const owner = ownerOf(scope)
  const row = await deps.db.write.transaction().execute(async (trx) => {
    const own = await trx
      .selectFrom('run_view')
      .select(['id', 'name', 'experiment_id'])
      .where('project_id', '=', scope.project)
      .where('owner', '=', owner)
      .execute()
    const before = own.find((view) => view.name === input.name && view.experiment_id === input.experiment)
    if (!before && own.length >= mostViews) throw trackingErrors.TOO_MANY_VIEWS(mostViews)
    const row: RunViewTable = {
      project_id: scope.project,
      id: before?.id ?? newId('rvw'),
      experiment_id: input.experiment,
      name: input.name,
      owner,
      owner_name: scope.principal.name,
      shared: input.shared ? 1 : 0,
      filter: input.filter,
      sort: input.sort,
      columns: JSON.stringify(input.columns),
      grouping: JSON.stringify(input.group),
      layout: input.layout === undefined ? null : JSON.stringify(input.layout),
      updated_at: deps.clock(),
    }
    await trx.deleteFrom('run_view').where('project_id', '=', scope.project).where('id', '=', row.id).execute()
    await trx.insertInto('run_view').values(row).execute()
    return row
  })
  return viewOf(scope, row)
}

/** Deletes a view of the caller's, or a shared one where the caller may write runs. Others' private ones are not there. */
export async function deleteRunView({ db }: Pick<TrackingDeps, 'db'>, scope: Scope, id: string): Promise<void> {
  await db.write.transaction().execute(async (trx) => {
    const found = await trx
      .selectFrom('run_view')
      .select(['owner', 'shared'])
      .where('project_id', '=', scope.project)
      .where('id', '=', id)
      .executeTakeFirst()
    const mine = found?.owner === ownerOf(scope)
    if (!found || (!mine && found.shared === 0)) throw trackingErrors.VIEW_NOT_FOUND(id)
    if (!mine) requirePermission(scope, 'run:write')
    await trx.deleteFrom('run_view').where('project_id', '=', scope.project).where('id', '=', id).execute()
  })
}

function viewOf(scope: Scope, row: RunViewTable): RunView {
  return {
    id: row.id,
    name: row.name,
    experiment: row.experiment_id,
    filter: row.filter,
    sort: row.sort,
    columns: JSON.parse(row.columns) as string[],
    group: JSON.parse(row.grouping) as string[],
    ...(row.layout === null ? {} : { layout: JSON.parse(row.layout) as Record<string, string> }),
    shared: row.shared === 1,
    owner: row.owner,
    ownerName: row.owner_name,
    mine: row.owner === ownerOf(scope),
    updatedAt: row.updated_at,
  }
}

import type { SealedEvent } from '@trivium/contract'
import { sql } from 'kysely'
import type { Trx } from '../../kernel/db/index.ts'
import { parseUrn, urn } from '../../kernel/ids/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { ownerKey } from '../tracking/index.ts'
import { traceErrors } from './errors.ts'
import { heldTraces, link, locationTags, type TraceDeps } from './log-spans.ts'
import { removeScorersOf } from './scorers/scorers.ts'
import { traceFileOwner } from './trace-files.ts'
import { setPairs } from './upsert.ts'
import './tables.ts'

const tagLength = 8000
/** One transaction removes no more, so that others have their turn. */
const deletedAtOnce = 500

const refuseFixed = (key: string): void => {
  if (Object.values(locationTags).some((tag) => tag === key)) throw traceErrors.TAG_IS_FIXED(key)
}

/** Sets a tag; a longer value is cut. */
export async function setTraceTag(
  deps: TraceDeps,
  scope: Scope,
  trace: string,
  key: string,
  value: string,
): Promise<void> {
  refuseFixed(key)
  await deps.db.write.transaction().execute(async (trx) => {
    if ((await heldTraces(deps.db, trx, scope.project, [trace])).length === 0) throw traceErrors.TRACE_NOT_FOUND(trace)
    await setPairs(trx, 'trace_tag', scope.project, trace, { [key]: value.slice(0, tagLength).toWellFormed() })
  })
}

export async function deleteTraceTag(deps: TraceDeps, scope: Scope, trace: string, key: string): Promise<void> {
  refuseFixed(key)
  await deps.db.write.transaction().execute(async (trx) => {
    if ((await heldTraces(deps.db, trx, scope.project, [trace])).length === 0) throw traceErrors.TRACE_NOT_FOUND(trace)
    const gone = await trx
      .deleteFrom('trace_tag')
      .where('project_id', '=', scope.project)
      .where('trace_id', '=', trace)
      .where('key', '=', key)
      .executeTakeFirst()
    if (gone.numDeletedRows === 0n) throw traceErrors.TAG_NOT_FOUND(key, trace)
  })
}

/** Joins traces to a run; those that do not exist are left out. */
export async function linkToRun(deps: TraceDeps, scope: Scope, run: string, traces: readonly string[]): Promise<void> {
  await deps.requireRun(scope, run)
  await deps.db.write.transaction().execute(async (trx) => {
    const rows = await heldTraces(deps.db, trx, scope.project, traces)
    await link(
      trx,
      scope.project,
      run,
      rows.map((row) => row.id),
    )
  })
}

/** Which traces of an experiment are removed: these, or those that began at or before a time, the oldest first; with a limit no more than it. */
export interface Doomed {
  readonly experiment: string
  readonly traces?: readonly string[]
  readonly until?: number
  readonly most?: number
}

/** Removes traces with their spans, tags and assessments, for ever. Returns how many. */
export async function deleteTraces(deps: TraceDeps, scope: Scope, doomed: Doomed): Promise<number> {
  let deleted = 0
  for (;;) {
    const some = Math.min(deletedAtOnce, (doomed.most ?? Number.MAX_SAFE_INTEGER) - deleted)
    if (some <= 0) return deleted
    const gone = await deps.db.write.transaction().execute((trx) => removeSome(deps, trx, scope.project, doomed, some))
    deleted += gone.removed
    if (gone.found < some) return deleted
  }
}

/** What was removed for good takes its traces along: of an experiment they go, of a run they stay and belong to none. */
export async function followRemovals(
  deps: Pick<TraceDeps, 'db'>,
  trx: Trx,
  events: readonly SealedEvent[],
): Promise<void> {
  for (const { project, name, subject } of events) {
    const id = parseUrn(subject)?.id
    if (id === undefined) continue
    if (name === 'run.removed')
      await trx.deleteFrom('trace_run').where('project_id', '=', project).where('run_id', '=', id).execute()
    else {
      await trx
        .deleteFrom('evaluation_set_experiment')
        .where('project_id', '=', project)
        .where('experiment_id', '=', id)
        .execute()
      await removeScorersOf(trx, project, id)
      for (;;) {
        const gone = await removeSome(deps, trx, project, { experiment: id }, deletedAtOnce)
        if (gone.found < deletedAtOnce) break
      }
    }
  }
}

/** Removes the oldest of them. */
async function removeSome(
  { db }: Pick<TraceDeps, 'db'>,
  trx: Trx,
  project: string,
  doomed: Doomed,
  some: number,
): Promise<{ found: number; removed: number }> {
  let select = trx
    .selectFrom('trace')
    .select('id')
    .where('project_id', '=', project)
    .where('experiment_id', '=', doomed.experiment)
  if (doomed.traces) select = select.where('id', 'in', doomed.traces.slice(0, 10_000))
  if (doomed.until !== undefined) select = select.where('started_at', '<=', doomed.until)
  const found = await select.orderBy('started_at').orderBy('id').limit(some).execute()
  const ids = found.map(({ id }) => id).toSorted()
  return { found: found.length, removed: (await removeHeld({ db }, trx, project, ids)).removed }
}

/** Removes these traces with all that is theirs. Returns the contents of the object store that they held. */
export async function removeTraces(
  deps: Pick<TraceDeps, 'db'>,
  trx: Trx,
  project: string,
  traces: readonly string[],
): Promise<string[]> {
  return (await removeHeld(deps, trx, project, traces, true)).contents
}

async function removeHeld(
  { db }: Pick<TraceDeps, 'db'>,
  trx: Trx,
  project: string,
  traces: readonly string[],
  withContents = false,
): Promise<{ removed: number; contents: string[] }> {
  const ids = (await heldTraces(db, trx, project, traces)).map(({ id }) => id)
  if (ids.length === 0) return { removed: 0, contents: [] }
  const list = sql.join(ids.map((id) => sql`${id}`))
  for (const table of ['trace_tag', 'trace_metadata', 'trace_run', 'trace_span', 'trace_assessment'] as const)
    await sql`delete from ${sql.table(table)} where project_id = ${project} and trace_id in (${list})`.execute(trx)
  const keys = ids.map((id) => ownerKey(traceFileOwner(id)))
  await trx.deleteFrom('artifact_file').where('project_id', '=', project).where('owner', 'in', keys).execute()
  const owners = ids.map((id) => urn(project, 'trace', id))
  const held = withContents
    ? await trx
        .selectFrom('blob_ref')
        .select('digest')
        .where('project_id', '=', project)
        .where('owner', 'in', owners)
        .execute()
    : []
  await trx.deleteFrom('blob_ref').where('project_id', '=', project).where('owner', 'in', owners).execute()
  await trx.deleteFrom('trace').where('project_id', '=', project).where('id', 'in', ids).execute()
  return { removed: ids.length, contents: held.map(({ digest }) => digest) }
}

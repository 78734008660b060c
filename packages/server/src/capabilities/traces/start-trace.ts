import type { Scope } from '../../kernel/principal/index.ts'
import { asReader } from '../../kernel/db/index.ts'
import { insertAssessment, type NewAssessment } from './assessments.ts'
import {
  artifactsOf,
  heldTraces,
  link,
  locationTags,
  requireActiveExperiment,
  sourceRun,
  type TraceDeps,
} from './log-spans.ts'
import { type TraceRecord, traceRecords } from './read-traces.ts'
import type { TraceState, TraceTable } from './tables.ts'
import { setPairs } from './upsert.ts'

/** A trace as its client tells of it. */
export interface ToldTrace {
  readonly id: string
  readonly experiment: string
  readonly startedAt: number
  readonly durationMs: number | null
  readonly state: TraceState
  readonly clientRequestId: string | null
  readonly requestPreview: string | null
  readonly responsePreview: string | null
  readonly tags: Readonly<Record<string, string>>
  readonly metadata: Readonly<Record<string, string>>
  readonly assessments: readonly NewAssessment[]
}

/** Stores what the client says of a trace; spans of it may have come before, and stay. */
export async function startTrace(deps: TraceDeps, scope: Scope, told: ToldTrace): Promise<TraceRecord> {
  await requireActiveExperiment(deps, scope, told.experiment)
  const { db, clock } = deps
  const { project } = scope
  return db.write.transaction().execute(async (trx) => {
    const row: TraceTable = {
      project_id: project,
      id: told.id,
      experiment_id: told.experiment,
      started_at: told.startedAt,
      duration_ms: told.durationMs,
      state: told.state,
      client_request_id: told.clientRequestId,
      request_preview: told.requestPreview,
      response_preview: told.responsePreview,
      root_name: null,
      finalized: 1,
      created_at: clock(),
      created_by: scope.principal.id,
    }
    await trx
      .insertInto('trace')
      .values(row)
      .onConflict((c) => c.columns(['project_id', 'id']).doNothing())
      .execute()
    const [before] = await heldTraces(db, trx, project, [told.id])
    await trx
      .updateTable('trace')
      .set({
        experiment_id: row.experiment_id,
        started_at: row.started_at,
        duration_ms: row.duration_ms,
        state: row.state,
        client_request_id: row.client_request_id,
        request_preview: row.request_preview ?? before?.request_preview ?? null,
        response_preview: row.response_preview ?? before?.response_preview ?? null,
        finalized: 1,
      })
      .where('project_id', '=', project)
      .where('id', '=', told.id)
      .execute()
    const { [locationTags.spans]: _, ...tags } = told.tags
    await setPairs(trx, 'trace_tag', project, told.id, { ...tags, [locationTags.artifacts]: artifactsOf(row) })
    await setPairs(trx, 'trace_metadata', project, told.id, told.metadata)
    const run = told.metadata[sourceRun]
    if (run) await link(trx, project, run, [told.id])
    for (const assessment of told.assessments) await insertAssessment(trx, scope, told.id, assessment, clock())
    const [record] = await traceRecords(asReader(trx), project, [told.id])
    return record as TraceRecord
  })
}

/** Completes a trace that an old client has begun: what it says more is added. */
export async function endTrace(
  deps: TraceDeps,
  scope: Scope,
  id: string,
  end: { at: number; state: TraceState; tags: Record<string, string>; metadata: Record<string, string> },
): Promise<TraceRecord | undefined> {
  const { project } = scope
  return deps.db.write.transaction().execute(async (trx) => {
    const [row] = await heldTraces(deps.db, trx, project, [id])
    if (!row) return undefined
    await trx
      .updateTable('trace')
      .set({ duration_ms: Math.max(0, end.at - row.started_at), state: end.state, finalized: 1 })
      .where('project_id', '=', project)
      .where('id', '=', id)
      .execute()
    const { [locationTags.spans]: _, ...tags } = end.tags
    await setPairs(trx, 'trace_tag', project, id, tags)
    await setPairs(trx, 'trace_metadata', project, id, end.metadata)
    const run = end.metadata[sourceRun]
    if (run) await link(trx, project, run, [id])
    const [record] = await traceRecords(asReader(trx), project, [id])
    return record
  })
}

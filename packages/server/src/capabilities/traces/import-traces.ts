import type { ImportedTrace } from '@trivium/contract'
import { addBlobRef } from '../../kernel/blobs/index.ts'
import type { Trx } from '../../kernel/db/index.ts'
import { AppError } from '../../kernel/errors/index.ts'
import { urn } from '../../kernel/ids/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { dropUnusedRefs, type Refusal } from '../tracking/index.ts'
import { assessmentRow } from './assessments.ts'
import { checkImportedSpan } from './imported-span.ts'
import { artifactsOf, heldTraces, link, locationTags, mostSpans, storeSpans, type TraceDeps } from './log-spans.ts'
import { traceIdOf } from './otlp-span.ts'
import { spanRow } from './span-rows.ts'
import type { TraceSpanTable, TraceTable } from './tables.ts'
import { traceFileOwner } from './trace-files.ts'
import { setPairs } from './upsert.ts'
import { followUsage } from './usage/follow-usage.ts'
import { translateSpan, usageIn } from './usage/translate-span.ts'

type Deps = Pick<TraceDeps, 'db' | 'clock' | 'blobs'>
const owned = ['trace_tag', 'trace_metadata', 'trace_run', 'trace_span', 'trace_assessment'] as const

/** Writes traces of a source with their ids, times, spans and assessments, one after another; what is there already becomes what the source says. `experiments` says where those of the source are here. */
export async function importTraces(
  deps: Deps,
  scope: Scope,
  traces: readonly ImportedTrace[],
  experiments: ReadonlyMap<string, string>,
): Promise<Refusal[]> {
  const refused: Refusal[] = []
  for (const trace of traces) {
    const what = `trace ${trace.id}`
    const experiment = experiments.get(trace.experiment)
    if (experiment === undefined) {
      refused.push({ what, why: `its experiment ${trace.experiment} was not sent` })
      continue
    }
    try {
      const spans = await spansOf(deps, scope.project, trace)
      const why = await deps.db.write
        .transaction()
        .execute((trx) => importTrace(deps, trx, scope, { trace, experiment, spans }))
      if (why !== undefined) refused.push({ what, why })
    } catch (error) {
      if (!(error instanceof TypeError) && !(error instanceof AppError && error.status < 500)) throw error
      refused.push({ what, why: error.message })
    }
  }
  return refused
}

/** The rows of its spans; the content of large ones is put before the transaction. */
async function spansOf({ blobs }: Deps, project: string, trace: ImportedTrace): Promise<TraceSpanTable[]> {
  if (trace.spans.length > mostSpans) throw new TypeError(`it has more than ${mostSpans} spans`)
  const rows = new Map<string, TraceSpanTable>()
  for (const sent of trace.spans) {
    const span = checkImportedSpan(sent)
    if (traceIdOf(span) !== trace.id) throw new TypeError(`a span of it belongs to ${traceIdOf(span)}`)
    const { row, large } = spanRow(project, span)
    // The span stays as it was sent; its tokens are counted however its library wrote them.
    const usage = usageIn(translateSpan(span))
    row.usage = usage === undefined ? null : JSON.stringify(usage)
    if (large !== undefined) row.digest = (await blobs.put(project, Buffer.from(large))).digest
    rows.set(row.span_id, row)
  }
  return [...rows.values()]
}

/** Returns why not. */
async function importTrace(
  { db, clock }: Deps,
  trx: Trx,
  { project, principal }: Scope,
  { trace, experiment, spans }: { trace: ImportedTrace; experiment: string; spans: readonly TraceSpanTable[] },
): Promise<string | undefined> {
  const { id } = trace
  const row: TraceTable = {
    project_id: project,
    id,
    experiment_id: experiment,
    started_at: trace.startedAt,
    duration_ms: trace.durationMs,
    state: trace.state,
    client_request_id: trace.clientRequestId,
    request_preview: trace.requestPreview,
    response_preview: trace.responsePreview,
    root_name:
      spans
        .find(({ parent_id }) => parent_id === null)
        ?.name.slice(0, 1000)
        .toWellFormed() ?? null,
    finalized: 1,
    created_at: clock(),
    created_by: principal.id,
  }
  await trx
    .insertInto('trace')
    .values(row)
    .onConflict((c) => c.columns(['project_id', 'id']).doNothing())
    .execute()
  const [before] = await heldTraces({ dialect: db.dialect }, trx, project, [id])
  if (before && before.experiment_id !== experiment)
    return `the project has another one with this id, in experiment ${before.experiment_id}`
  const { project_id: _project, id: _id, created_at: _at, created_by: _by, ...told } = row
  await trx.updateTable('trace').set(told).where('project_id', '=', project).where('id', '=', id).execute()
  const contents = await trx
    .selectFrom('trace_span')
    .select('digest')
    .where('project_id', '=', project)
    .where('trace_id', '=', id)
    .where('digest', 'is not', null)
    .execute()
  for (const table of owned)
    await trx.deleteFrom(table).where('project_id', '=', project).where('trace_id', '=', id).execute()
  await storeSpans(trx, spans)
  const kept = new Set<string | null>()
  for (const { digest, size } of spans) {
    if (digest === null) continue
    kept.add(digest)
    await addBlobRef(trx, { project, digest, owner: urn(project, 'trace', id), size, at: clock() })
  }
  const gone = contents.flatMap(({ digest }) => (digest === null || kept.has(digest) ? [] : [digest]))
  await dropUnusedRefs(trx, project, traceFileOwner(id), gone)
  const { [locationTags.spans]: location, ...tags } = trace.tags
  // Without spans of its own the trace has them where its client put them: in a file.
  const spansAt = spans.length > 0 ? 'TRACKING_STORE' : location
  await setPairs(trx, 'trace_tag', project, id, {
    ...tags,
    [locationTags.artifacts]: artifactsOf(row),
    ...(spansAt === undefined ? {} : { [locationTags.spans]: spansAt }),
  })
  await setPairs(trx, 'trace_metadata', project, id, trace.metadata)
  if (spans.some((span) => span.usage !== null)) await followUsage(trx, project, id, true)
  for (const run of new Set(trace.runs)) await link(trx, project, run, [id])
  const assessments = new Map(trace.assessments.map((one) => [one.id, one]))
  for (const one of assessments.values())
    await trx
      .insertInto('trace_assessment')
      .values(assessmentRow(project, id, one))
      .execute()
  return undefined
}

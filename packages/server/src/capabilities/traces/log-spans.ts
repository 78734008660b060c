import { addBlobRef } from '../../kernel/blobs/index.ts'
import type { Database, Trx } from '../../kernel/db/index.ts'
import { urn } from '../../kernel/ids/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { traceErrors } from './errors.ts'
import { type OtlpSpan, attributeText, plainValue, type SpanBatch, traceIdOf } from './otlp-span.ts'
import { previewOf, spanKeys, spanRow } from './span-rows.ts'
import type { TraceSpanTable, TraceState, TraceTable } from './tables.ts'
import { setPairs } from './upsert.ts'
import { followUsage } from './usage/follow-usage.ts'
import { translateSpan } from './usage/translate-span.ts'
import './tables.ts'

export type TraceDeps = Pick<Kernel, 'db' | 'clock' | 'blobs'> & {
  /** Throws where the project has no such experiment. */
  readonly requireExperiment: (scope: Scope, id: string) => Promise<{ lifecycle: 'active' | 'deleted' }>
  readonly requireRun: (scope: Scope, id: string) => Promise<{ experiment_id: string }>
}

/** No trace has more spans. */
export const mostSpans = 20_000
/** Where MLflow's clients look for the spans of a trace. */
export const locationTags = { spans: 'mlflow.trace.spansLocation', artifacts: 'mlflow.artifactLocation' } as const
export const sourceRun = 'mlflow.sourceRun'
const tagLength = 8000

export async function requireActiveExperiment(deps: TraceDeps, scope: Scope, id: string): Promise<void> {
  if ((await deps.requireExperiment(scope, id)).lifecycle !== 'active') throw traceErrors.EXPERIMENT_NOT_ACTIVE(id)
}

/** What the spans of one trace in a batch say about it. */
interface Said {
  readonly id: string
  readonly start: number
  readonly end: number | null
  readonly root: OtlpSpan | undefined
  readonly tags: Record<string, string>
  readonly metadata: Record<string, string>
}

/** Stores spans: all of them or none, whether their trace is known yet or not. A span that comes again replaces itself. */
export async function logSpans(
  deps: TraceDeps,
  scope: Scope,
  input: { experiment: string; run?: string; batches: readonly SpanBatch[] },
): Promise<void> {
  await requireActiveExperiment(deps, scope, input.experiment)
  if (input.run !== undefined) await deps.requireRun(scope, input.run)
  const { db, clock, blobs } = deps
  const { project } = scope
  const said = sayings(input.batches)
  const rows = new Map<string, TraceSpanTable>()
  for (const span of input.batches.flatMap((batch) => batch.spans)) {
    const { row, large } = spanRow(project, translateSpan(span))
    if (large !== undefined) row.digest = (await blobs.put(project, Buffer.from(large))).digest
    rows.set(`${row.trace_id} ${row.span_id}`, row)
  }
  await db.write.transaction().execute(async (trx) => {
    const counted = new Set([...rows.values()].filter((row) => row.usage !== null).map((row) => row.trace_id))
    const known = await openTraces(deps, trx, scope, input.experiment, said)
    await storeSpans(trx, [...rows.values()])
    for (const row of rows.values()) {
      if (row.digest === null) continue
      const owner = urn(project, 'trace', row.trace_id)
      await addBlobRef(trx, { project, digest: row.digest, owner, size: row.size, at: clock() })
    }
    for (const one of said) {
      const before = known.get(one.id)
      await refuseTooMany(trx, project, one.id)
      await followSpans(trx, project, one, before)
      await setPairs(trx, 'trace_tag', project, one.id, { ...one.tags, [locationTags.spans]: 'TRACKING_STORE' })
      await setPairs(trx, 'trace_metadata', project, one.id, one.metadata, { keep: true })
      if (counted.has(one.id)) await followUsage(trx, project, one.id, before?.finalized === 1)
    }
    if (input.run !== undefined)
      await link(
        trx,
        project,
        input.run,
        said.filter((one) => one.root).map((one) => one.id),
      )
  })
}

/** Joins traces to a run. */
export async function link(trx: Trx, project: string, run: string, traces: readonly string[]): Promise<void> {
  if (traces.length === 0) return
  await trx
    .insertInto('trace_run')
    .values(traces.map((trace) => ({ project_id: project, run_id: run, trace_id: trace })))
    .onConflict((c) => c.columns(['project_id', 'run_id', 'trace_id']).doNothing())
    .execute()
}

/** Makes the traces that are new and holds all of them, in one order for every writer. Returns them as they are. */
async function openTraces(
  deps: TraceDeps,
  trx: Trx,
  scope: Scope,
  experiment: string,
  said: readonly Said[],
): Promise<Map<string, TraceTable>> {
  const { project } = scope
  const created = said.map(
    ({ id, start }): TraceTable => ({
      project_id: project,
      id,
      experiment_id: experiment,
      started_at: start,
      duration_ms: null,
      state: 'IN_PROGRESS',
      client_request_id: null,
      request_preview: null,
      response_preview: null,
      root_name: null,
      finalized: 0,
      created_at: deps.clock(),
      created_by: scope.principal.id,
    }),
  )
  for (let start = 0; start < created.length; start += 500)
    await trx
      .insertInto('trace')
      .values(created.slice(start, start + 500))
      .onConflict((c) => c.columns(['project_id', 'id']).doNothing())
      .execute()
  const rows = await heldTraces(
    deps.db,
    trx,
    project,
    said.map(({ id }) => id),
  )
  for (const row of rows)
    await setPairs(trx, 'trace_tag', project, row.id, { [locationTags.artifacts]: artifactsOf(row) }, { keep: true })
  return new Map(rows.map((row) => [row.id, row]))
}

/** Rows of traces, which nobody else changes until the transaction ends. */
export async function heldTraces(
  db: Pick<Database, 'dialect'>,
  trx: Trx,
  project: string,
  ids: readonly string[],
): Promise<TraceTable[]> {
  const rows: TraceTable[] = []
  for (let start = 0; start < ids.length; start += 500) {
    const select = trx
      .selectFrom('trace')
      .selectAll()
      .where('project_id', '=', project)
      .where('id', 'in', ids.slice(start, start + 500))
      .orderBy('id')
    rows.push(...(await (db.dialect === 'postgres' ? select.forUpdate() : select).execute()))
  }
  return rows
}

/** Where old clients put what belongs to a trace. */
export const artifactsOf = (row: { experiment_id: string; id: string }): string =>
  `mlflow-artifacts:/${row.experiment_id}/traces/${row.id}/artifacts`

/** Writes spans; one that is there already is replaced. */
export async function storeSpans(trx: Trx, rows: readonly TraceSpanTable[]): Promise<void> {
  for (let start = 0; start < rows.length; start += 200)
    await trx
      .insertInto('trace_span')
      .values(rows.slice(start, start + 200))
      .onConflict((c) =>
        c.columns(['project_id', 'trace_id', 'span_id']).doUpdateSet((e) => ({
          parent_id: e.ref('excluded.parent_id'),
          name: e.ref('excluded.name'),
          type: e.ref('excluded.type'),
          status: e.ref('excluded.status'),
          start_us: e.ref('excluded.start_us'),
          end_us: e.ref('excluded.end_us'),
          content: e.ref('excluded.content'),
          digest: e.ref('excluded.digest'),
          size: e.ref('excluded.size'),
          usage: e.ref('excluded.usage'),
        })),
      )
      .execute()
}

async function refuseTooMany(trx: Trx, project: string, trace: string): Promise<void> {
  const { count } = await trx
    .selectFrom('trace_span')
    .select((e) => e.fn.countAll<number>().as('count'))
    .where('project_id', '=', project)
    .where('trace_id', '=', trace)
    .executeTakeFirstOrThrow()
  if (Number(count) > mostSpans) throw traceErrors.TOO_MANY_SPANS(trace, mostSpans)
}

/** The trace begins with its first span and ends with its last, and is as its root was; unless its client has said all that already. */
async function followSpans(trx: Trx, project: string, said: Said, before: TraceTable | undefined): Promise<void> {
  if (!before) return
  const open = before.finalized === 0
  const start = Math.min(before.started_at, said.start)
  const endBefore = before.duration_ms === null ? null : before.started_at + before.duration_ms
  const end = said.end === null ? endBefore : Math.max(endBefore ?? said.end, said.end)
  const undecided = before.state === 'IN_PROGRESS' || before.state === 'STATE_UNSPECIFIED'
  const { root } = said
  const rootState: TraceState | undefined = root && (root.status?.code === 'STATUS_CODE_ERROR' ? 'ERROR' : 'OK')
  const change = {
    ...(open ? { started_at: start, duration_ms: end === null ? null : end - start } : {}),
    ...(undecided && rootState ? { state: rootState } : {}),
    ...(root
      ? {
          root_name: root.name.slice(0, 1000).toWellFormed(),
          request_preview: before.request_preview ?? previewOf(root, spanKeys.inputs),
          response_preview: before.response_preview ?? previewOf(root, spanKeys.outputs),
        }
      : {}),
  }
  if (Object.keys(change).length === 0) return
  await trx.updateTable('trace').set(change).where('project_id', '=', project).where('id', '=', said.id).execute()
}

/** What each trace of the batches is told of, sorted by id. */
function sayings(batches: readonly SpanBatch[]): Said[] {
  const byTrace = new Map<string, { spans: OtlpSpan[]; resource: SpanBatch['resource'] }>()
  for (const { spans, resource } of batches)
    for (const span of spans) {
      const id = traceIdOf(span)
      const found = byTrace.get(id) ?? { spans: [], resource }
      if (found.spans.length === 0) byTrace.set(id, found)
      found.spans.push(span)
    }
  return [...byTrace]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([id, { spans, resource }]) => {
      const starts = spans.map((span) => milliseconds(span.start_time_unix_nano))
      const ends = spans.flatMap((span) => (span.end_time_unix_nano ? [milliseconds(span.end_time_unix_nano)] : []))
      const root = spans.find((span) => span.parent_span_id === undefined)
      const first = (key: string) => spans.map((span) => attributeText(span, key)).find((text) => text)
      const session = first('session.id') ?? first('gen_ai.conversation.id')
      const user = first('user.id')
      return {
        id,
        start: starts.reduce((a, b) => Math.min(a, b)),
        end: ends.length === 0 ? null : ends.reduce((a, b) => Math.max(a, b)),
        root,
        tags: { ...resourceTags(resource), ...(root ? rootTags(root) : {}) },
        metadata: {
          ...(session ? { 'mlflow.trace.session': session.slice(0, 250).toWellFormed() } : {}),
          ...(user ? { 'mlflow.trace.user': user.slice(0, 250).toWellFormed() } : {}),
        },
      }
    })
}

const milliseconds = (nanoseconds: string): number => Number(BigInt(nanoseconds) / 1_000_000n)

const asTag = (value: unknown): string =>
  (typeof value === 'string' ? value : JSON.stringify(value)).slice(0, tagLength).toWellFormed()

/** What describes the program (`service.name`) becomes tags; names that MLflow itself uses do not. */
function resourceTags(resource: SpanBatch['resource']): Record<string, string> {
  return Object.fromEntries(
    resource
      .filter(({ key }) => key !== '' && key.length <= 250 && !/^(telemetry\.sdk|mlflow)\./.test(key))
      .slice(0, 100)
      .map(({ key, value }) => [key, asTag(plainValue(value))]),
  )
}

/** Tags that people set on a trace which was exported by OpenTelemetry's own exporter. */
function rootTags(root: OtlpSpan): Record<string, string> {
  return Object.fromEntries(
    (root.attributes ?? []).flatMap(({ key, value }) => {
      const name = key.startsWith(spanKeys.tagPrefix) ? key.slice(spanKeys.tagPrefix.length) : ''
      const isFixed = Object.values(locationTags).some((tag) => tag === name)
      return name === '' || name.length > 250 || isFixed ? [] : [[name, asTag(plainValue(value))]]
    }),
  )
}

import { canonicalTrace, type ImportedAssessment, type ImportedTrace, traceLocationTags } from '@trivium/contract'
import { FailedError } from '../fail.ts'
import type { MlflowClient } from './mlflow-client.ts'
import { isRefused, type Place } from './mlflow-exported.ts'
import { spansOfTraces } from './mlflow-server-traces.ts'
import { artifactsTag, assessmentToJson, sourceRunKey, traceOfJson, traceToJson } from './mlflow-trace-json.ts'
import type { Skip } from './source.ts'
import { otlpBytes } from './write-otlp.ts'

const api = '/api/3.0/mlflow'
/** What MLflow notes of every trace that its API was told of whole. */
const finalizedKey = 'mlflow.trace.infoFinalized'
const linksAtOnce = 100

interface Target {
  readonly client: MlflowClient
  readonly skip: Skip
  readonly runs: ReadonlyMap<string, Place>
  readonly models: ReadonlyMap<string, Place>
  /** Where the files of a trace go to. */
  readonly traces: Map<string, Place>
  readonly experimentOf: (id: string) => string
}

/** Writes traces to a running MLflow server with their ids, times and assessments. What it has in the same form is left; at the end each is read again and compared. Returns how many are the same there. */
export async function exportTraces(target: Target, page: readonly ImportedTrace[]): Promise<number> {
  const { client, skip, traces } = target
  const wanted = page.map((trace) => mapped(target, trace))
  const there = await readBack(client, wanted)
  for (const trace of wanted) {
    const before = there.get(trace.id)
    if (before && textOf(before) === textOf(trace)) {
      traces.set(trace.id, { id: trace.id, uri: before.tags[artifactsTag] ?? '' })
      continue
    }
    try {
      await sendTrace(client, trace, before)
    } catch (error) {
      if (!isRefused(error)) throw error
      skip(`trace ${trace.id}`, error.message)
    }
  }
  await linkRuns(target, page)
  const after = await readBack(client, wanted)
  let same = 0
  for (const trace of wanted) {
    const found = after.get(trace.id)
    if (!found) continue
    traces.set(trace.id, { id: trace.id, uri: found.tags[artifactsTag] ?? '' })
    if (textOf(found) === textOf(trace)) same += 1
    else skip(`a part of trace ${trace.id}`, `${client.url} holds it in another form: ${differences(trace, found)}`)
  }
  return same
}

/** The ids of runs, logged models and experiments that the server gave; without what it writes itself. */
function mapped({ runs, models, experimentOf }: Target, trace: ImportedTrace): ImportedTrace {
  const ids = (of: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(of).map(([key, id]) => [key, runs.get(id)?.id ?? models.get(id)?.id ?? id]))
  const { [finalizedKey]: _finalized, ...metadata } = trace.metadata
  const tags = Object.entries(trace.tags).filter(([key]) => !traceLocationTags.some((own) => own === key))
  return {
    ...trace,
    experiment: experimentOf(trace.experiment),
    tags: Object.fromEntries(tags),
    metadata: ids(metadata),
    assessments: trace.assessments.map((one) => ({ ...one, metadata: ids(one.metadata) })),
    runs: [],
  }
}

/** These traces as the server has them, by id. */
async function readBack(client: MlflowClient, wanted: readonly ImportedTrace[]): Promise<Map<string, ImportedTrace>> {
  const ids = wanted.map(({ id }) => id)
  const { trace_infos: infos = [] } = await client.send<{ trace_infos?: Record<string, unknown>[] }>(
    'POST',
    `${api}/traces/batchGetInfos`,
    { trace_ids: ids },
  )
  const spans = await spansOfTraces(
    client,
    infos.map((info) => String(info['trace_id'])),
  )
  return new Map(
    infos.map((info) => {
      const { metadata, ...trace } = traceOfJson(info, () => {})
      const { [finalizedKey]: _finalized, ...own } = metadata
      return [trace.id, { ...trace, metadata: own, spans: spans.get(trace.id) ?? [] }]
    }),
  )
}

/** What has no place at MLflow is left out of the comparison: the kind and the state of spans. */
const textOf = (trace: ImportedTrace): string =>
  canonicalTrace({
    ...trace,
    spans: trace.spans.map(({ kind: _kind, trace_state: _state, ...span }) => span),
  })

function differences(a: ImportedTrace, b: ImportedTrace): string {
  const [x, y] = [a, b].map((one) => JSON.parse(textOf(one)) as Record<string, unknown>)
  const names = Object.keys({ ...x, ...y }).filter((key) => JSON.stringify(x?.[key]) !== JSON.stringify(y?.[key]))
  return names.join(', ')
}

async function sendTrace(client: MlflowClient, trace: ImportedTrace, before: ImportedTrace | undefined): Promise<void> {
  const at = `${api}/traces/${encodeURIComponent(trace.id)}`
  const isLater = ({ overrides }: ImportedAssessment): boolean =>
    overrides !== null && trace.assessments.some(({ id }) => id === overrides)
  // What overrides another is said again after it, since that is what makes the other one invalid.
  for (const one of before?.assessments ?? [])
    if (isLater(one) || !trace.assessments.some(({ id }) => id === one.id))
      await client.send('DELETE', `${at}/assessments/${encodeURIComponent(one.id)}`, {})
  for (const key of Object.keys(before?.tags ?? {}))
    if (!(key in trace.tags) && !traceLocationTags.some((own) => own === key))
      await client.send('DELETE', `${at}/tags`, { key })
  const info = traceToJson({ ...trace, assessments: trace.assessments.filter((one) => !isLater(one)) })
  const sayWhole = () => client.send('POST', `${api}/traces`, { trace: { trace_info: info } })
  await sayWhole()
  if (trace.spans.length > 0) {
    await client.raw('POST', '/v1/traces', {
      body: otlpBytes(trace.spans),
      headers: { 'content-type': 'application/x-protobuf', 'x-mlflow-experiment-id': trace.experiment },
    })
    if (isWidened(trace)) await sayWhole()
  }
  const overridden = new Set<string | null>()
  for (const one of trace.assessments.filter(isLater).toSorted((a, b) => a.createdAt - b.createdAt)) {
    overridden.add(one.overrides)
    await client.send('POST', `${at}/assessments`, { assessment: assessmentToJson(trace.id, one) })
  }
  for (const one of trace.assessments)
    if (!one.valid && !overridden.has(one.id))
      await client.send('PATCH', `${at}/assessments/${encodeURIComponent(one.id)}`, {
        assessment: assessmentToJson(trace.id, one),
        update_mask: 'valid',
      })
}

/** Whether MLflow changes the time of a trace when its spans come: it widens it to their whole milliseconds, which are not always those of their difference. */
function isWidened({ startedAt, durationMs, spans }: ImportedTrace): boolean {
  const whole = (nanoseconds: unknown): number => Number(BigInt(String(nanoseconds ?? 0)) / 1_000_000n)
  return spans.some(
    (span) =>
      durationMs === null ||
      whole(span['start_time_unix_nano']) < startedAt ||
      whole(span['end_time_unix_nano']) > startedAt + durationMs,
  )
}

/** Joins traces to runs; the run in which one was made is in its metadata. */
async function linkRuns({ client, skip, runs }: Target, page: readonly ImportedTrace[]): Promise<void> {
  const links = new Map<string, string[]>()
  for (const trace of page)
    for (const run of trace.runs) {
      if (run === trace.metadata[sourceRunKey]) continue
      const at = runs.get(run)?.id
      if (at === undefined) skip(`the link of trace ${trace.id} to run ${run}`, 'the run is not exported')
      else links.set(at, [...(links.get(at) ?? []), trace.id])
    }
  for (const [run, ids] of links)
    for (let start = 0; start < ids.length; start += linksAtOnce)
      await client.send('POST', `/api/2.0/mlflow/traces/link-to-run`, {
        run_id: run,
        trace_ids: ids.slice(start, start + linksAtOnce),
      })
}

/** The folder of the server's proxy that an address means. */
export function proxiedRoot(client: MlflowClient, place: Place | undefined): string {
  const root = /^mlflow-artifacts:\/+(?:[^/]+:\d+\/+)?(.+)$/.exec(place?.uri ?? '')?.[1]
  if (root === undefined)
    throw new FailedError(
      `${client.url} keeps its files at "${place?.uri ?? ''}" and takes none; start it with --artifacts-destination`,
    )
  return root
}

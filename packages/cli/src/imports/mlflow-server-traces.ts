import type { ImportedEvaluationRecord, ImportedEvaluationSet, ImportedTrace } from '@trivium/contract'
import { type MlflowClient, PeerError } from './mlflow-client.ts'
import { inStore, parseExact, spanOfJson, spansTag, textOf, traceOfJson } from './mlflow-trace-json.ts'
import { type Skip, wholeNumber } from './source.ts'

const api = '/api/3.0/mlflow'
const tracesAtOnce = 100
const wholeAtOnce = 20

type Json = Readonly<Record<string, unknown>>

/** Older servers, and other stores, have no such call. */
const isAbsent = (error: unknown): boolean =>
  error instanceof PeerError && [400, 404, 405, 500, 501].includes(error.status) && !/not found: /i.test(error.message)

async function* pages(client: MlflowClient, path: string, body: object, of: string): AsyncGenerator<Json[]> {
  for (let token = ''; ; ) {
    const asked = { ...body, ...(token === '' ? {} : { page_token: token }) }
    const page = await client.send<Json>('POST', `${api}/${path}`, asked)
    const list = page[of]
    if (Array.isArray(list) && list.length > 0) yield list as Json[]
    const next = page['next_page_token']
    if (typeof next !== 'string' || next === '' || next === token) return
    token = next
  }
}

const locationsOf = (experiments: readonly string[]) =>
  experiments.map((id) => ({ type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: id } }))

/** Traces of an experiment with their spans. */
export async function* serverTraces(
  client: MlflowClient,
  experiment: string,
  skip: Skip,
): AsyncGenerator<ImportedTrace[]> {
  const search = {
    locations: locationsOf([experiment]),
    max_results: tracesAtOnce,
    order_by: ['timestamp_ms ASC'],
  }
  let first = true
  try {
    for await (const page of pages(client, 'traces/search', search, 'traces')) {
      first = false
      const infos = page.map((info) => ({ ...traceOfJson(info, skip), experiment }))
      for (let start = 0; start < infos.length; start += wholeAtOnce)
        yield await withSpans(client, infos.slice(start, start + wholeAtOnce), skip)
    }
  } catch (error) {
    if (!first || !isAbsent(error)) throw error
  }
}

async function withSpans(client: MlflowClient, infos: readonly ImportedTrace[], skip: Skip): Promise<ImportedTrace[]> {
  const stored = infos.filter(({ tags }) => tags[spansTag] === inStore || tags[spansTag] === 'ARCHIVE_REPO')
  const found = await spansOfTraces(
    client,
    stored.map(({ id }) => id),
  )
  return infos.map((info) => {
    const spans = found.get(info.id)
    if (!spans && stored.includes(info)) skip(`spans of trace ${info.id}`, `${client.url} does not give them`)
    return { ...info, spans: spans ?? [] }
  })
}

/** The spans of traces that the server keeps itself, by id. */
export async function spansOfTraces(
  client: MlflowClient,
  ids: readonly string[],
): Promise<Map<string, Record<string, unknown>[]>> {
  const found = new Map<string, Record<string, unknown>[]>()
  const take = (trace: { trace_info?: Json; spans?: Json[] } | undefined) => {
    const id = trace?.trace_info?.['trace_id']
    if (typeof id === 'string' && (trace?.spans ?? []).length > 0) found.set(id, (trace?.spans ?? []).map(spanOfJson))
  }
  const ask = async (path: string, query: Record<string, string | readonly string[]>) =>
    parseExact(await (await client.raw('GET', `${api}/traces/${path}`, { query })).text()) as {
      traces?: { trace_info?: Json; spans?: Json[] }[]
      trace?: { trace_info?: Json; spans?: Json[] }
    }
  if (ids.length > 1)
    try {
      for (const trace of (await ask('batchGet', { trace_ids: ids })).traces ?? []) take(trace)
    } catch (error) {
      if (!isAbsent(error)) throw error
    }
  // Traces of which spans are still awaited are left out of batches.
  for (const id of ids) {
    if (found.has(id)) continue
    try {
      take((await ask('get', { trace_id: id, allow_partial: 'true' })).trace)
    } catch (error) {
      if (!(error instanceof PeerError)) throw error
    }
  }
  return found
}

/** Runs that traces are linked to, by trace: asked run by run, since no answer lists them. */
export async function runsOfTraces(
  client: MlflowClient,
  experiments: readonly string[],
  runs: readonly string[],
): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>()
  for (const run of runs)
    for (let start = 0; start < experiments.length; start += 100) {
      const locations = locationsOf(experiments.slice(start, start + 100))
      const search = { locations, max_results: 500, filter: `attributes.run_id = '${run}'` }
      for await (const page of pages(client, 'traces/search', search, 'traces'))
        for (const info of page) {
          const id = String(info['trace_id'])
          found.set(id, [...(found.get(id) ?? []), run])
        }
    }
  return found
}

/** Evaluation datasets, without their records. */
export async function* serverEvaluationSets(client: MlflowClient): AsyncGenerator<ImportedEvaluationSet> {
  let first = true
  try {
    for await (const page of pages(client, 'datasets/search', { max_results: 500 }, 'datasets')) {
      first = false
      for (const one of page) {
        const id = String(one['dataset_id'])
        const { experiment_ids = [] } = await client.get<{ experiment_ids?: string[] }>(
          `${api}/datasets/${encodeURIComponent(id)}/experiment-ids`,
        )
        yield {
          id,
          name: String(one['name']),
          digest: String(one['digest'] ?? ''),
          schema: textOf(one['schema']),
          profile: textOf(one['profile']),
          createdAt: wholeNumber(one['created_time']) ?? 0,
          updatedAt: wholeNumber(one['last_update_time']) ?? 0,
          createdBy: textOf(one['created_by']),
          updatedBy: textOf(one['last_updated_by']),
          tags: pairsOf(one['tags']),
          experiments: experiment_ids.map(String),
        }
      }
    }
  } catch (error) {
    if (!first || !isAbsent(error)) throw error
  }
}

/** The records of an evaluation dataset, page by page. */
export async function* serverEvaluationRecords(
  client: MlflowClient,
  set: string,
): AsyncGenerator<ImportedEvaluationRecord[]> {
  for (let token = ''; ; ) {
    const page = await client.get<{ records?: string; next_page_token?: string }>(
      `${api}/datasets/${encodeURIComponent(set)}/records`,
      { max_results: 500, ...(token === '' ? {} : { page_token: token }) },
    )
    const list = JSON.parse(page.records || '[]') as Json[]
    if (list.length > 0) yield list.map((one) => recordOf(one, set))
    if (!page.next_page_token || page.next_page_token === token) return
    token = page.next_page_token
  }
}

function recordOf(one: Json, set: string): ImportedEvaluationRecord {
  const object = (value: unknown) => (value ?? null) as Record<string, unknown> | null
  return {
    set,
    id: String(one['dataset_record_id']),
    inputs: object(one['inputs']) ?? {},
    outputs: one['outputs'] ?? null,
    expectations: object(one['expectations']),
    tags: object(one['tags']),
    source: recordSource(one['source']),
    createdAt: wholeNumber(one['created_time']) ?? 0,
    updatedAt: wholeNumber(one['last_update_time']) ?? 0,
    createdBy: textOf(one['created_by']),
    updatedBy: textOf(one['last_updated_by']),
  }
}

/** Where a record came from; also what a database keeps of it. */
export function recordSource(value: unknown): ImportedEvaluationRecord['source'] {
  if (typeof value !== 'object' || value === null) return null
  const { source_type: type, source_data: data } = value as Json
  return { source_type: String(type ?? 'UNSPECIFIED'), source_data: (data ?? {}) as Record<string, unknown> }
}

/** Tags come as the text of a JSON object. */
export function pairsOf(value: unknown): Record<string, string> {
  const tags = (typeof value === 'string' && value !== '' ? JSON.parse(value) : (value ?? {})) as Json
  return Object.fromEntries(
    Object.entries(tags).map(([key, one]) => [key, typeof one === 'string' ? one : JSON.stringify(one)]),
  )
}

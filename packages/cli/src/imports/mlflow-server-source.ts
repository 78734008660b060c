import type {
  ImportedExperiment,
  ImportedLoggedModel,
  ImportedModel,
  ImportedRun,
  ImportedVersion,
} from '@trivium/contract'
import { type MlflowClient, PeerError } from './mlflow-client.ts'
import { pointOf } from './clean.ts'
import { runsOfTraces, serverEvaluationRecords, serverEvaluationSets, serverTraces } from './mlflow-server-traces.ts'
import { artifactsTag } from './mlflow-trace-json.ts'
import {
  type FileOwner,
  filesOf,
  inOrder,
  type Point,
  type Skip,
  type Source,
  type SourceFile,
  type SourceRun,
  storedNumber,
  wholeNumber,
} from './source.ts'

const api = '/api/2.0/mlflow'
const ajax = '/ajax-api/2.0/mlflow'
/** What MLflow gives in one answer. */
const mostPoints = 25_000
const mostRunsAtOnce = 100
const deepest = 64
const states = { READY: 'ready', PENDING_REGISTRATION: 'pending', FAILED_REGISTRATION: 'failed' } as const

type Pairs = readonly { key?: string; name?: string; value?: string }[] | undefined
interface RunJson {
  info: Record<string, unknown>
  data?: { metrics?: { key: string }[]; params?: Pairs; tags?: Pairs }
  inputs?: {
    dataset_inputs?: { tags?: Pairs; dataset: Record<string, string> }[]
    model_inputs?: { model_id: string }[]
  }
  outputs?: { model_outputs?: { model_id: string; step?: number | string }[] }
}
interface MetricJson {
  key: string
  value: unknown
  timestamp: unknown
  step?: unknown
  run_id?: string
}

/**
 * A running MLflow server, read by REST. Deleted logged models are in no list of it: those come that runs name, and those of `deletedModels`, which says them of an
 * experiment where somebody knows more.
 */
export function mlflowServerSource(
  client: MlflowClient,
  skip: Skip,
  { deletedModels }: { deletedModels?: (experiment: string) => Promise<readonly string[]> } = {},
): Source {
  const keysOf = new Map<string, string[]>()
  const artifactUris = new Map<string, string>()
  const modelsNamed = new Map<string, Set<string>>()
  const experimentIds: string[] = []
  /** Whose files only the proxy gives. */
  const proxied = new Set<string>()
  let linked: Promise<Map<string, string[]>> | undefined

  async function* pages<T>(path: string, body: object, method: 'GET' | 'POST', of: string): AsyncGenerator<T[]> {
    for (let token = ''; ; ) {
      const asked = { ...body, ...(token === '' ? {} : { page_token: token }) }
      const page = await (method === 'GET'
        ? client.get<Record<string, unknown>>(path, asked as never)
        : client.send<Record<string, unknown>>('POST', path, asked))
      const list = page[of]
      if (Array.isArray(list) && list.length > 0) yield list as T[]
      const next = page['next_page_token']
      if (typeof next !== 'string' || next === '' || next === token) return
      token = next
    }
  }

  return {
    kind: 'mlflow-server',
    name: client.url,
    experiments: async () => {
      const found: ImportedExperiment[] = []
      for await (const page of pages<Record<string, unknown>>(
        `${api}/experiments/search`,
        { view_type: 'ALL', max_results: 1000 },
        'POST',
        'experiments',
      ))
        for (const one of page) {
          experimentIds.push(String(one['experiment_id']))
          found.push({
            id: String(one['experiment_id']),
            name: String(one['name']),
            lifecycle: one['lifecycle_stage'] === 'deleted' ? 'deleted' : 'active',
            createdAt: wholeNumber(one['creation_time']) ?? null,
            updatedAt: wholeNumber(one['last_update_time']) ?? null,
            tags: record(one['tags'] as Pairs),
          })
        }
      return found
    },
    runs: async function* (experiment) {
      const body = {
        experiment_ids: [experiment],
        run_view_type: 'ALL',
        max_results: 1000,
        order_by: ['attributes.start_time ASC'],
      }
      for await (const page of pages<RunJson>(`${api}/runs/search`, body, 'POST', 'runs'))
        yield page.map((one): SourceRun => {
          const run = runOf(one)
          keysOf.set(
            run.id,
            (one.data?.metrics ?? []).map(({ key }) => key),
          )
          artifactUris.set(`run/${run.id}`, String(one.info['artifact_uri'] ?? ''))
          const named = modelsNamed.get(experiment) ?? new Set()
          modelsNamed.set(experiment, named)
          for (const { model } of run.models) named.add(model)
          return { run, state: JSON.stringify(one.data?.metrics ?? []) }
        })
    },
    series: async function* (runs) {
      const byKey = new Map<string, string[]>()
      for (const { run } of runs)
        for (const key of keysOf.get(run.id) ?? []) {
          const list = byKey.get(key)
          if (list) list.push(run.id)
          else byKey.set(key, [run.id])
        }
      for (const key of [...byKey.keys()].toSorted((a, b) => (a < b ? -1 : 1))) {
        const ids = byKey.get(key) as string[]
        for (let start = 0; start < ids.length; start += mostRunsAtOnce) {
          const some = ids.slice(start, start + mostRunsAtOnce)
          const found = await histories(client, some, key)
          for (const run of some) yield { run, key, points: inOrder(pointsOf(found.get(run) ?? [], run, key, skip)) }
        }
      }
    },
    loggedModels: async function* (experiment) {
      const seen = new Set<string>()
      const take = (one: Record<string, any>, lifecycle: 'active' | 'deleted'): ImportedLoggedModel => {
        const model = loggedModelOf(one, lifecycle)
        seen.add(model.id)
        artifactUris.set(`logged-model/${model.id}`, String(one['info']?.artifact_uri ?? ''))
        return model
      }
      try {
        for await (const page of pages<Record<string, any>>(
          `${api}/logged-models/search`,
          { experiment_ids: [experiment], max_results: 50 },
          'POST',
          'models',
        ))
          for (const one of page) yield take(one, 'active')
      } catch (error) {
        // MLflow before 3 has none.
        if (!(error instanceof PeerError) || ![404, 405, 501].includes(error.status)) throw error
        return
      }
      for (const id of [...(modelsNamed.get(experiment) ?? []), ...((await deletedModels?.(experiment)) ?? [])]) {
        if (seen.has(id)) continue
        try {
          const { model } = await client.get<{ model: Record<string, any> }>(
            `${api}/logged-models/${encodeURIComponent(id)}`,
            {
              allow_deleted: 'true',
            },
          )
          if (String(model['info']?.experiment_id) !== experiment) continue
          proxied.add(id)
          yield take(model, 'deleted')
        } catch (error) {
          // It was removed for good.
          if (!(error instanceof PeerError)) throw error
        }
      }
    },
    models: async function* () {
      const names = new Set<string>()
      for (const filter of ['', "tags.`mlflow.prompt.is_prompt` = 'true'"]) {
        const query = { max_results: 100, ...(filter === '' ? {} : { filter }) }
        try {
          for await (const page of pages<Record<string, any>>(
            `${api}/registered-models/search`,
            query,
            'GET',
            'registered_models',
          ))
            for (const one of page) {
              const name = String(one['name'])
              if (names.has(name)) continue
              names.add(name)
              yield* await modelOf(client, pages, one, name, filter !== '')
            }
        } catch (error) {
          if (!(error instanceof PeerError) || filter === '') throw error
        }
      }
    },
    traces: async function* (experiment) {
      for await (const page of serverTraces(client, experiment, skip)) {
        linked ??= runsOfTraces(client, experimentIds, [...keysOf.keys()])
        const runs = await linked
        for (const { id, tags } of page) artifactUris.set(`trace/${id}`, tags[artifactsTag] ?? '')
        yield page.map((trace) => ({ ...trace, runs: runs.get(trace.id) ?? [] }))
      }
    },
    evaluationSets: () => serverEvaluationSets(client),
    evaluationRecords: (set) => serverEvaluationRecords(client, set),
    files: async function* (owner) {
      const root = artifactUris.get(`${owner.kind}/${owner.id}`) ?? ''
      if (owner.kind === 'trace' || proxied.has(owner.id)) yield* proxiedFiles(client, owner, root, skip)
      else yield* listFiles(client, { kind: owner.kind, id: owner.id }, root, skip)
    },
    waited: client.waited,
    close: async () => {},
  }
}

async function histories(
  client: MlflowClient,
  runs: readonly string[],
  key: string,
): Promise<Map<string, MetricJson[]>> {
  if (runs.length > 1) {
    try {
      const { metrics = [] } = await client.get<{ metrics?: MetricJson[] }>(`${ajax}/metrics/get-history-bulk`, {
        run_id: runs,
        metric_key: key,
        max_results: mostPoints,
      })
      if (metrics.length < mostPoints) return Map.groupBy(metrics, ({ run_id }) => String(run_id))
    } catch (error) {
      // Not every server has this call.
      if (!(error instanceof PeerError) || ![400, 404, 405, 501].includes(error.status)) throw error
    }
  }
  const found = new Map<string, MetricJson[]>()
  for (const run of runs) {
    const all: MetricJson[] = []
    for (let token = ''; ; ) {
      const page = await client.get<{ metrics?: MetricJson[]; next_page_token?: string }>(
        `${api}/metrics/get-history`,
        {
          run_id: run,
          metric_key: key,
          max_results: mostPoints,
          ...(token === '' ? {} : { page_token: token }),
        },
      )
      for (const one of page.metrics ?? []) all.push(one)
      if (!page.next_page_token || page.next_page_token === token) break
      token = page.next_page_token
    }
    found.set(run, all)
  }
  return found
}

function pointsOf(list: readonly MetricJson[], run: string, key: string, skip: Skip): Point[] {
  const points: Point[] = []
  for (const one of list) {
    const point = pointOf(wholeNumber(one.step ?? 0), wholeNumber(one.timestamp), storedNumber(one.value))
    if (point) points.push(point)
    else
      skip(
        `a point of metric "${key}" of run ${run}`,
        'its step or time cannot be held exactly, or its value is no number',
      )
  }
  return points
}

const record = (pairs: Pairs): Record<string, string> =>
  Object.fromEntries((pairs ?? []).map(({ key, name, value }) => [String(key ?? name ?? ''), String(value ?? '')]))

function runOf({ info, data, inputs, outputs }: RunJson): ImportedRun {
  const tags = record(data?.tags)
  const status = String(info['status'])
  return {
    id: String(info['run_id'] ?? info['run_uuid']),
    experiment: String(info['experiment_id']),
    name: String(info['run_name'] || tags['mlflow.runName'] || ''),
    user: String(info['user_id'] ?? ''),
    status:
      (['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED'] as const).find((one) => one === status) ?? 'FAILED',
    lifecycle: info['lifecycle_stage'] === 'deleted' ? 'deleted' : 'active',
    startTime: wholeNumber(info['start_time']) ?? null,
    endTime: wholeNumber(info['end_time']) || null,
    params: record(data?.params),
    tags,
    datasets: (inputs?.dataset_inputs ?? []).map(({ tags: own, dataset }) => ({
      name: dataset['name'] ?? '',
      digest: dataset['digest'] ?? '',
      sourceType: dataset['source_type'] ?? '',
      source: dataset['source'] ?? '',
      schema: dataset['schema'] ?? null,
      profile: dataset['profile'] ?? null,
      tags: Object.entries(record(own)).map(([key, value]) => ({ key, value })),
    })),
    models: [
      ...(inputs?.model_inputs ?? []).map(({ model_id }) => ({
        direction: 'input' as const,
        model: model_id,
        step: 0,
      })),
      ...(outputs?.model_outputs ?? []).map(({ model_id, step }) => ({
        direction: 'output' as const,
        model: model_id,
        step: wholeNumber(step) ?? 0,
      })),
    ],
  }
}

function loggedModelOf({ info, data }: Record<string, any>, lifecycle: 'active' | 'deleted'): ImportedLoggedModel {
  const word = String(info.status).replace('LOGGED_MODEL_', '')
  return {
    id: String(info.model_id),
    experiment: String(info.experiment_id),
    name: String(info.name ?? ''),
    status: word === 'READY' || word === 'UPLOAD_FAILED' ? word : 'PENDING',
    lifecycle,
    modelType: String(info.model_type ?? ''),
    sourceRun: info.source_run_id ? String(info.source_run_id) : null,
    createdAt: wholeNumber(info.creation_timestamp_ms) ?? null,
    updatedAt: wholeNumber(info.last_updated_timestamp_ms) ?? null,
    params: record(data?.params),
    tags: record(info.tags),
    metrics: ((data?.metrics ?? []) as Record<string, unknown>[]).map((m) => ({
      key: String(m['key']),
      run: String(m['run_id'] ?? info.source_run_id ?? 'none'),
      dataset: String(m['dataset_name'] ?? ''),
      digest: String(m['dataset_digest'] ?? ''),
      value: storedNumber(m['value']) ?? null,
      step: wholeNumber(m['step']) ?? 0,
      timestamp: wholeNumber(m['timestamp']) ?? 0,
    })),
  }
}

async function modelOf(
  client: MlflowClient,
  pages: <T>(path: string, body: object, method: 'GET' | 'POST', of: string) => AsyncGenerator<T[]>,
  one: Record<string, any>,
  name: string,
  prompt: boolean,
): Promise<ImportedModel[]> {
  const quote = name.includes("'") ? '"' : "'"
  const filter = `name = ${quote}${name}${quote}${prompt ? " AND tags.`mlflow.prompt.is_prompt` = 'true'" : ''}`
  const versions: ImportedVersion[] = []
  for await (const page of pages<Record<string, any>>(
    `${api}/model-versions/search`,
    { filter, max_results: 1000 },
    'GET',
    'model_versions',
  ))
    for (const v of page) versions.push(versionOf(v))
  const aliases = Object.fromEntries(
    ((one['aliases'] ?? []) as { alias: string; version: string }[]).map(({ alias, version }) => [
      alias,
      Number(version),
    ]),
  )
  return [
    {
      name,
      description: String(one['description'] ?? ''),
      createdAt: wholeNumber(one['creation_timestamp']) ?? null,
      updatedAt: wholeNumber(one['last_updated_timestamp']) ?? null,
      tags: record(one['tags']),
      aliases,
      lastVersion: Math.max(0, ...versions.map(({ version }) => version)),
      versions: versions.toSorted((a, b) => a.version - b.version),
    },
  ]
}

function versionOf(v: Record<string, any>): ImportedVersion {
  const run = v['run_id'] ? String(v['run_id']) : null
  const source = String(v['source'] ?? '')
  const files = v['model_id']
    ? ({ owner: 'logged-model', id: String(v['model_id']), path: '' } as const)
    : filesOf(source, run)
  return {
    version: Number(v['version']),
    description: String(v['description'] ?? ''),
    stage: String(v['current_stage'] ?? 'None'),
    state: states[v['status'] as keyof typeof states] ?? 'ready',
    source,
    run,
    runLink: String(v['run_link'] ?? ''),
    loggedModel: files?.owner === 'logged-model' ? files.id : null,
    createdAt: wholeNumber(v['creation_timestamp']) ?? null,
    updatedAt: wholeNumber(v['last_updated_timestamp']) ?? null,
    tags: record(v['tags']),
    files,
  }
}

interface FileJson {
  path: string
  is_dir?: boolean
  file_size?: number | string
}

/** Files that the server lists only by their address. */
async function* proxiedFiles(
  client: MlflowClient,
  owner: FileOwner,
  address: string,
  skip: Skip,
): AsyncGenerator<SourceFile> {
  const root = /^mlflow-artifacts:\/+(?:[^/]+:\d+\/+)?(.+)$/.exec(address)?.[1]
  if (root === undefined) {
    if (address !== '') skip(`files of ${owner.kind} ${owner.id}`, `they lie at "${address.slice(0, 200)}"`)
    return
  }
  const waiting = ['']
  for (let directory = waiting.pop(); directory !== undefined; directory = waiting.pop()) {
    let listed: FileJson[]
    try {
      const path = directory === '' ? root : `${root}/${directory}`
      listed = (await client.get<{ files?: FileJson[] }>('/api/2.0/mlflow-artifacts/artifacts', { path })).files ?? []
    } catch (error) {
      if (!(error instanceof PeerError)) throw error
      // Nothing was ever put there.
      if (error.status !== 404) skip(`files of ${owner.kind} ${owner.id}`, error.message)
      return
    }
    for (const { path: name, is_dir, file_size } of listed) {
      const path = directory === '' ? name : `${directory}/${name}`
      if (typeof name !== 'string' || path.split('/').length > deepest) continue
      if (is_dir) waiting.push(path)
      else
        yield {
          path,
          size: wholeNumber(file_size),
          open: async () => {
            const encoded = [...root.split('/'), ...path.split('/')].map(encodeURIComponent).join('/')
            const answer = await client.raw('GET', `/api/2.0/mlflow-artifacts/artifacts/${encoded}`)
            return answer.body ?? new Blob([]).stream()
          },
        }
    }
  }
}

/** Lists directory after directory; the server names paths, which are only sent on as names and never opened here. */
async function* listFiles(
  client: MlflowClient,
  owner: { kind: 'run' | 'logged-model'; id: string },
  root: string,
  skip: Skip,
): AsyncGenerator<SourceFile> {
  const proxied = /^mlflow-artifacts:\/+(?:[^/]+:\d+\/+)?(.+)$/.exec(root)?.[1]
  const ask = (path: string) =>
    owner.kind === 'run'
      ? client.get<{ files?: FileJson[] }>(`${api}/artifacts/list`, {
          run_id: owner.id,
          ...(path === '' ? {} : { path }),
        })
      : client.get<{ files?: FileJson[] }>(
          `${api}/logged-models/${owner.id}/artifacts/directories`,
          path === '' ? {} : { artifact_directory_path: path },
        )
  const waiting = ['']
  const seen = new Set(waiting)
  for (let directory = waiting.pop(); directory !== undefined; directory = waiting.pop()) {
    let listed: FileJson[]
    try {
      listed = (await ask(directory)).files ?? []
    } catch (error) {
      if (!(error instanceof PeerError)) throw error
      skip(`files of ${owner.kind} ${owner.id}${directory === '' ? '' : ` in ${directory}`}`, error.message)
      continue
    }
    for (const { path, is_dir, file_size } of listed) {
      if (typeof path !== 'string' || seen.has(path)) continue
      seen.add(path)
      if (path.split('/').length > deepest)
        skip(`directory ${path.slice(0, 100)} of ${owner.kind} ${owner.id}`, `it is deeper than ${deepest} levels`)
      else if (is_dir) waiting.push(path)
      else
        yield {
          path,
          size: wholeNumber(file_size),
          open: async () => {
            const encoded = path.split('/').map(encodeURIComponent).join('/')
            const answer =
              proxied !== undefined
                ? await client.raw(
                    'GET',
                    `/api/2.0/mlflow-artifacts/artifacts/${proxied.split('/').map(encodeURIComponent).join('/')}/${encoded}`,
                  )
                : owner.kind === 'run'
                  ? await client.raw('GET', '/get-artifact', { query: { run_id: owner.id, path } })
                  : await client.raw('GET', `${ajax}/logged-models/${owner.id}/artifacts/files`, {
                      query: { artifact_file_path: path },
                    })
            return answer.body ?? new Blob([]).stream()
          },
        }
    }
  }
}

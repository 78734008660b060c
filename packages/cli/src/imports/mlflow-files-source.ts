import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type {
  ImportedExperiment,
  ImportedLoggedModel,
  ImportedModel,
  ImportedRun,
  ImportedVersion,
} from '@trivium/contract'
import { parse } from 'yaml'
import { FailedError } from '../fail.ts'
import { pointOf } from './clean.ts'
import { artifactFolder, localFiles } from './local-files.ts'
import { readStoredTrace } from './mlflow-files-traces.ts'
import {
  filesOf,
  inOrder,
  type Point,
  type Skip,
  type Source,
  type SourceRun,
  storedNumber,
  wholeNumber,
} from './source.ts'

const largestMeta = 4_000_000
const largestValue = 1_000_000
const largestSeries = 1_000_000_000
const runsAtOnce = 200
const statuses = ['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED'] as const
type Meta = Readonly<Record<string, unknown>>

/** MLflow's file store: a folder `mlruns` with YAML, a file for each parameter and tag, and a line for each point. */
export async function mlflowFilesSource(
  root: string,
  { skip, artifacts }: { skip: Skip; artifacts?: string },
): Promise<Source> {
  const places = new Map<string, string>()
  const experimentFolders = new Map<string, string>()
  const readExperiments = async (): Promise<ImportedExperiment[]> => {
    const found: ImportedExperiment[] = []
    for (const base of [root, join(root, '.trash')])
      for (const name of await folders(base)) {
        if (name === 'models' || name.startsWith('.')) continue
        const meta = await readMeta(join(base, name), skip)
        if (!meta) continue
        const id = String(meta['experiment_id'] ?? name)
        experimentFolders.set(id, join(base, name))
        found.push({
          id,
          name: String(meta['name'] ?? ''),
          lifecycle: meta['lifecycle_stage'] === 'deleted' || base !== root ? 'deleted' : 'active',
          createdAt: wholeNumber(meta['creation_time']) ?? null,
          updatedAt: wholeNumber(meta['last_update_time']) ?? null,
          tags: await readPairs(join(base, name, 'tags'), skip),
        })
      }
    return found
  }
  if ((await readExperiments()).length === 0)
    throw new FailedError(`"${root}" is no MLflow file store: no folder in it has a meta.yaml with an experiment.`)

  const readRun = async (experiment: string, folder: string): Promise<SourceRun | undefined> => {
    const meta = await readMeta(folder, skip)
    if (!meta) return undefined
    const id = String(meta['run_id'] ?? meta['run_uuid'] ?? '')
    places.set(`run/${id}`, String(meta['artifact_uri'] ?? join(folder, 'artifacts')))
    places.set(`folder/${id}`, folder)
    const tags = await readPairs(join(folder, 'tags'), skip)
    const status = typeof meta['status'] === 'bigint' ? statusOf(meta['status']) : String(meta['status'])
    const metrics = await filesBelow(join(folder, 'metrics'))
    const run: ImportedRun = {
      id,
      experiment,
      name: String(meta['run_name'] ?? tags['mlflow.runName'] ?? ''),
      user: String(meta['user_id'] ?? ''),
      status: statuses.find((one) => one === status) ?? 'FAILED',
      lifecycle: meta['lifecycle_stage'] === 'deleted' ? 'deleted' : 'active',
      startTime: wholeNumber(meta['start_time']) ?? null,
      endTime: wholeNumber(meta['end_time']) || null,
      params: await readPairs(join(folder, 'params'), skip),
      tags,
      datasets: await readInputs(folder, experimentFolders.get(experiment) ?? '', skip),
      models: await readRunModels(folder, skip),
    }
    return { run, state: metrics.map(({ key, size, changed }) => `${key} ${size} ${changed}`).join('\n') }
  }
  return {
    kind: 'mlflow-files',
    name: root,
    experiments: readExperiments,
    runs: async function* (experiment) {
      const folder = experimentFolders.get(experiment)
      if (folder === undefined) return
      const names = (await folders(folder)).filter((name) => !['tags', 'models', 'datasets', 'traces'].includes(name))
      for (let start = 0; start < names.length; start += runsAtOnce) {
        const page: SourceRun[] = []
        for (const name of names.slice(start, start + runsAtOnce)) {
          const run = await readRun(experiment, join(folder, name))
          if (run) page.push(run)
        }
        yield page
      }
    },
    series: async function* (runs) {
      for (const { run } of runs)
        for (const { key, path, size } of await filesBelow(join(places.get(`folder/${run.id}`) ?? '', 'metrics'))) {
          if (size > largestSeries) skip(`metric "${key}" of run ${run.id}`, `its file has ${size} bytes`)
          else yield { run: run.id, key, points: inOrder(parsePoints(await readFile(path, 'utf8'), key, run.id, skip)) }
        }
    },
    loggedModels: async function* (experiment) {
      const base = join(experimentFolders.get(experiment) ?? '', 'models')
      for (const name of await folders(base)) {
        const meta = await readMeta(join(base, name), skip)
        if (!meta) continue
        const id = String(meta['model_id'] ?? name)
        places.set(`logged-model/${id}`, String(meta['artifact_location'] ?? join(base, name, 'artifacts')))
        yield await readLoggedModel(join(base, name), meta, { id, experiment, skip })
      }
    },
    models: async function* () {
      const base = join(root, 'models')
      for (const name of await folders(base)) {
        const meta = await readMeta(join(base, name), skip)
        if (meta) yield await readModel(join(base, name), meta, skip)
      }
    },
    traces: async function* (experiment) {
      const base = join(experimentFolders.get(experiment) ?? '', 'traces')
      for (const name of await folders(base)) {
        const folder = join(base, name)
        const trace = await readStoredTrace(folder, {
          experiment,
          tags: await readPairs(join(folder, 'tags'), skip),
          metadata: await readPairs(join(folder, 'request_metadata'), skip),
          assessments: (await filesBelow(join(folder, 'assessments'))).map(({ path }) => path),
          skip,
        })
        if (!trace) continue
        places.set(`trace/${trace.id}`, join(folder, 'artifacts'))
        yield [trace]
      }
    },
    files: async function* (owner) {
      const of = `${owner.kind} ${owner.id}`
      const address = places.get(`${owner.kind}/${owner.id}`) ?? ''
      const place = await artifactFolder(address, {
        roots: [root, ...(artifacts === undefined ? [] : [artifacts])],
        artifacts,
      })
      if ('why' in place) skip(`files of ${of}`, place.why)
      else yield* localFiles(place.folder, of, skip)
    },
    close: async () => {},
  }
}

/** Lines `TIMESTAMP VALUE STEP`, as MLflow appends them; before 1.0 there was no step. */
function parsePoints(content: string, key: string, run: string, skip: Skip): Point[] {
  const points: Point[] = []
  for (const line of content.split('\n')) {
    if (line.trim() === '') continue
    const [timestamp, value, step = '0'] = line.trim().split(/\s+/)
    const point = pointOf(wholeNumber(step), wholeNumber(timestamp), storedNumber(value))
    if (point) points.push(point)
    else skip(`a line of metric "${key}" of run ${run}`, `"${line.slice(0, 100)}" is no point`)
  }
  return points
}

async function readLoggedModel(
  folder: string,
  meta: Meta,
  { id, experiment, skip }: { id: string; experiment: string; skip: Skip },
): Promise<ImportedLoggedModel> {
  const status = Number(meta['status'])
  const word = String(meta['status']).replace('LOGGED_MODEL_', '')
  return {
    id,
    experiment,
    name: String(meta['name'] ?? ''),
    status:
      (['PENDING', 'READY', 'UPLOAD_FAILED'] as const).find((one, i) => one === word || status === i + 1) ?? 'PENDING',
    lifecycle: meta['lifecycle_stage'] === 'deleted' ? 'deleted' : 'active',
    modelType: String(meta['model_type'] ?? ''),
    sourceRun: meta['source_run_id'] ? String(meta['source_run_id']) : null,
    createdAt: wholeNumber(meta['creation_timestamp']) ?? null,
    updatedAt: wholeNumber(meta['last_updated_timestamp']) ?? null,
    params: await readPairs(join(folder, 'params'), skip),
    tags: await readPairs(join(folder, 'tags'), skip),
    metrics: [],
  }
}

async function readModel(folder: string, meta: Meta, skip: Skip): Promise<ImportedModel> {
  const name = String(meta['name'] ?? '')
  const versions: ImportedVersion[] = []
  let last = 0
  for (const entry of await folders(folder)) {
    const number = Number(/^version-(\d{1,9})$/.exec(entry)?.[1])
    const own = number > 0 ? await readMeta(join(folder, entry), skip) : undefined
    if (!own) continue
    last = Math.max(last, number)
    if (own['current_stage'] === 'Deleted_Internal') continue
    const run = own['run_id'] ? String(own['run_id']) : null
    const source = String(own['source'] ?? '')
    const files = own['model_id']
      ? ({ owner: 'logged-model', id: String(own['model_id']), path: '' } as const)
      : filesOf(source, run)
    const status = String(own['status'])
    versions.push({
      version: number,
      description: String(own['description'] ?? ''),
      stage: String(own['current_stage'] ?? 'None'),
      state: status === 'PENDING_REGISTRATION' ? 'pending' : status === 'FAILED_REGISTRATION' ? 'failed' : 'ready',
      source,
      run,
      runLink: String(own['run_link'] ?? ''),
      loggedModel: files?.owner === 'logged-model' ? files.id : null,
      createdAt: wholeNumber(own['creation_timestamp']) ?? null,
      updatedAt: wholeNumber(own['last_updated_timestamp']) ?? null,
      tags: await readPairs(join(folder, entry, 'tags'), skip),
      files,
    })
  }
  const aliases = await readPairs(join(folder, 'aliases'), skip)
  return {
    name,
    description: String(meta['description'] ?? ''),
    createdAt: wholeNumber(meta['creation_timestamp']) ?? null,
    updatedAt: wholeNumber(meta['last_updated_timestamp']) ?? null,
    tags: await readPairs(join(folder, 'tags'), skip),
    aliases: Object.fromEntries(Object.entries(aliases).map(([alias, version]) => [alias, Number(version) || 1])),
    lastVersion: last,
    versions: versions.toSorted((a, b) => a.version - b.version),
  }
}

async function readInputs(folder: string, experiment: string, skip: Skip): Promise<ImportedRun['datasets']> {
  const found: ImportedRun['datasets'] = []
  for (const name of await folders(join(folder, 'inputs'))) {
    const input = await readMeta(join(folder, 'inputs', name), skip)
    const id = String(input?.['source_id'] ?? '')
    if (input?.['source_type'] !== 'DATASET' || !/^[\w-]+$/.test(id)) continue
    const dataset = await readMeta(join(experiment, 'datasets', id), skip)
    if (!dataset) continue
    const tags = input['tags'] as Record<string, unknown> | undefined
    found.push({
      name: String(dataset['name'] ?? ''),
      digest: String(dataset['digest'] ?? ''),
      sourceType: String(dataset['source_type'] ?? ''),
      source: String(dataset['source'] ?? ''),
      schema: dataset['schema'] ? String(dataset['schema']) : null,
      profile: dataset['profile'] ? String(dataset['profile']) : null,
      tags: Object.entries(tags ?? {}).map(([key, value]) => ({ key, value: String(value) })),
    })
  }
  return found
}

async function readRunModels(folder: string, skip: Skip): Promise<ImportedRun['models']> {
  const found: ImportedRun['models'] = []
  for (const direction of ['input', 'output'] as const)
    for (const name of await folders(join(folder, `${direction}s`))) {
      const meta = await readMeta(join(folder, `${direction}s`, name), skip)
      const model = String(meta?.[direction === 'input' ? 'source_id' : 'destination_id'] ?? '')
      if (meta && String(meta[direction === 'input' ? 'source_type' : 'destination_type']).startsWith('MODEL'))
        found.push({ direction, model, step: direction === 'input' ? 0 : (wholeNumber(meta['step']) ?? 0) })
    }
  return found
}

/** A value in each file; the key is its path below the folder. */
async function readPairs(folder: string, skip: Skip): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const { key, path, size } of await filesBelow(folder)) {
    if (size > largestValue) skip(`value "${key}" in ${folder}`, `its file has ${size} bytes`)
    else found[key] = (await readFile(path, 'utf8')).replace(/\n$/, '')
  }
  return found
}

async function filesBelow(folder: string): Promise<{ key: string; path: string; size: number; changed: number }[]> {
  const found: { key: string; path: string; size: number; changed: number }[] = []
  for await (const { path, local = '', size = 0 } of localFiles(folder, folder, () => {}))
    found.push({ key: path, path: local, size, changed: (await stat(local)).mtimeMs })
  return found.toSorted((a, b) => (a.key < b.key ? -1 : 1))
}

async function readMeta(folder: string, skip: Skip): Promise<Meta | undefined> {
  const path = join(folder, 'meta.yaml')
  const found = await stat(path).catch(() => undefined)
  if (!found?.isFile()) return undefined
  if (found.size > largestMeta) return skip(path, `it has ${found.size} bytes`), undefined
  try {
    // Aliases are not used by MLflow and can make a small file large. Numbers of 18 digits stay exact as text.
    const content: unknown = parse(await readFile(path, 'utf8'), { maxAliasCount: 0, intAsBigInt: true })
    if (typeof content === 'object' && content !== null && !Array.isArray(content)) return content as Meta
    skip(path, 'it is no YAML map')
  } catch (error) {
    skip(path, (error as Error).message.split('\n')[0] ?? '')
  }
  return undefined
}

async function folders(path: string): Promise<string[]> {
  try {
    return (await readdir(path, { withFileTypes: true }))
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .toSorted()
  } catch {
    return []
  }
}

const statusOf = (number: bigint): string => statuses[[1, 2, 3, 4, 5].indexOf(Number(number))] ?? 'FAILED'

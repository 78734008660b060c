import type {
  ImportedExperiment,
  ImportedLoggedModel,
  ImportedModel,
  ImportedRun,
  ImportedVersion,
} from '@trivium/contract'
import { FailedError } from '../fail.ts'
import { pointOf } from './clean.ts'
import { artifactFolder, localFiles } from './local-files.ts'
import { databaseEvaluationRecords, databaseEvaluationSets, databaseTraces } from './mlflow-database-traces.ts'
import { artifactsTag } from './mlflow-trace-json.ts'
import type { ForeignDatabase, Row } from './open-foreign-database.ts'
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

const runsAtOnce = 500
/** Tables that every MLflow since 1.0 has, with the columns that are read of them. */
const needed = {
  experiments: ['experiment_id', 'name', 'lifecycle_stage'],
  runs: ['run_uuid', 'status', 'start_time', 'end_time', 'lifecycle_stage', 'experiment_id', 'artifact_uri'],
  metrics: ['key', 'value', 'timestamp', 'run_uuid', 'step', 'is_nan'],
  params: ['key', 'value', 'run_uuid'],
  tags: ['key', 'value', 'run_uuid'],
} as const
const statuses = ['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED'] as const
const versionStates: Readonly<Record<string, ImportedVersion['state']>> = {
  PENDING_REGISTRATION: 'pending',
  FAILED_REGISTRATION: 'failed',
}

/** The database of an MLflow server, read without it. Its schema is looked up: 1.x has no logged models, 2.0 no inputs. */
export async function mlflowDatabaseSource(
  db: ForeignDatabase,
  {
    name,
    roots,
    artifacts,
    skip,
  }: { name: string; roots: readonly string[]; artifacts: string | undefined; skip: Skip },
): Promise<Source> {
  for (const [table, columns] of Object.entries(needed)) {
    const there = await db.columns(table)
    const missing = columns.filter((column) => !there.has(column))
    if (missing.length > 0) {
      await db.close()
      throw new FailedError(
        there.size === 0
          ? `${name} is no MLflow database: it has no table "${table}".`
          : `The schema of ${name} is older than MLflow 1.5, or newer than what is known: "${table}" has no ${missing.join(', ')}. Upgrade a copy with \`mlflow db upgrade\`, or import from the running server.`,
      )
    }
  }
  const has = async (table: string, column?: string): Promise<boolean> => {
    const there = await db.columns(table)
    return column === undefined ? there.size > 0 : there.has(column)
  }
  const hasModels = await has('logged_models')
  const [expTimes, workspace] = [await has('experiments', 'creation_time'), await has('experiments', 'workspace')]
  if (workspace) {
    const spaces = await db.rows('select distinct workspace as w from experiments')
    if (spaces.length > 1)
      skip(
        `workspaces ${spaces.map((row) => text(row['w'])).join(', ')}`,
        'they become one project; experiments of one name are one experiment',
      )
  }
  const addresses = new Map<string, string>()
  const runsOf = async (experiment: string): Promise<SourceRun[][]> => {
    const hasName = await has('runs', 'name')
    const rows = await db.rows(
      `select run_uuid, ${hasName ? 'name' : 'null as name'}, user_id, status, start_time, end_time, lifecycle_stage, artifact_uri from runs where experiment_id = ? order by start_time, run_uuid`,
      [idValue(experiment)],
    )
    const pages: SourceRun[][] = []
    for (let start = 0; start < rows.length; start += runsAtOnce)
      pages.push(await readRuns(db, experiment, rows.slice(start, start + runsAtOnce), { hasModels, addresses }))
    return pages
  }
  return {
    kind: 'mlflow-database',
    name,
    experiments: async () => {
      const times = expTimes ? 'creation_time, last_update_time' : 'null as creation_time, null as last_update_time'
      const rows = await db.rows(
        `select experiment_id, name, lifecycle_stage, ${times} from experiments order by experiment_id`,
      )
      const tags = (await has('experiment_tags'))
        ? group(await db.rows('select experiment_id as owner, key, value from experiment_tags'))
        : new Map()
      return rows.map(
        (row): ImportedExperiment => ({
          id: text(row['experiment_id']),
          name: text(row['name']),
          lifecycle: row['lifecycle_stage'] === 'deleted' ? 'deleted' : 'active',
          createdAt: wholeNumber(row['creation_time']) ?? null,
          updatedAt: wholeNumber(row['last_update_time']) ?? null,
          tags: tags.get(text(row['experiment_id'])) ?? {},
        }),
      )
    },
    runs: async function* (experiment) {
      yield* await runsOf(experiment)
    },
    series: async function* (runs) {
      const ids = runs.map(({ run }) => run.id)
      // A few runs at a time: all of their points are held until they are sent.
      for (let start = 0; start < ids.length; start += 20) {
        const some = ids.slice(start, start + 20)
        const rows = await db.rows(
          `select run_uuid, key, value, timestamp, step, is_nan from metrics where run_uuid in (${some.map(() => '?').join(', ')})`,
          some,
        )
        const byRun = new Map<string, Map<string, Point[]>>()
        for (const row of rows) {
          const [run, key] = [text(row['run_uuid']), text(row['key'])]
          const isNan = row['is_nan'] === true || Number(row['is_nan']) === 1
          const value = isNan ? null : storedNumber(row['value'])
          const point = pointOf(wholeNumber(row['step'] ?? 0), wholeNumber(row['timestamp']), value)
          if (!point) {
            skip(
              `a point of metric "${key.slice(0, 200)}" of run ${run}`,
              'its step, time or value is no number that can be held exactly',
            )
            continue
          }
          const keys = byRun.get(run) ?? new Map<string, Point[]>()
          byRun.set(run, keys)
          const points = keys.get(key)
          if (points) points.push(point)
          else keys.set(key, [point])
        }
        for (const [run, keys] of byRun)
          for (const key of [...keys.keys()].toSorted((a, b) => (a < b ? -1 : 1)))
            yield { run, key, points: inOrder(keys.get(key) ?? []) }
      }
    },
    loggedModels: async function* (experiment) {
      if (!hasModels) return
      const rows = await db.rows('select * from logged_models where experiment_id = ? order by creation_timestamp_ms', [
        idValue(experiment),
      ])
      for (const row of rows) {
        const id = text(row['model_id'])
        addresses.set(`logged-model/${id}`, text(row['artifact_location']))
        if (row['status_message'])
          skip(
            `status message of logged model ${id}`,
            `"${text(row['status_message']).slice(0, 200)}" has no place here`,
          )
        yield await loggedModel(db, row, experiment)
      }
    },
    models: () => readModels(db, has),
    traces: async function* (experiment) {
      for await (const page of databaseTraces(db, experiment, idValue(experiment), skip)) {
        for (const { id, tags } of page) addresses.set(`trace/${id}`, tags[artifactsTag] ?? '')
        yield page
      }
    },
    evaluationSets: () => databaseEvaluationSets(db),
    evaluationRecords: (set) => databaseEvaluationRecords(db, set),
    files: async function* (owner) {
      const address = addresses.get(`${owner.kind}/${owner.id}`) ?? ''
      if (address === '') return
      const of = `${owner.kind} ${owner.id}`
      const place = await artifactFolder(address, { roots, artifacts })
      if ('why' in place) skip(`files of ${of}`, place.why)
      else yield* localFiles(place.folder, of, skip)
    },
    close: db.close,
  }
}

async function readRuns(
  db: ForeignDatabase,
  experiment: string,
  rows: readonly Row[],
  { hasModels, addresses }: { hasModels: boolean; addresses: Map<string, string> },
): Promise<SourceRun[]> {
  const ids = rows.map((row) => text(row['run_uuid']))
  const marks = ids.map(() => '?').join(', ')
  const params = group(
    await db.rows(`select run_uuid as owner, key, value from params where run_uuid in (${marks})`, ids),
  )
  const tags = group(await db.rows(`select run_uuid as owner, key, value from tags where run_uuid in (${marks})`, ids))
  const counts = new Map(
    (
      await db.rows(
        `select run_uuid, count(*) as points, max(timestamp) as newest, max(step) as last from metrics where run_uuid in (${marks}) group by run_uuid`,
        ids,
      )
    ).map((row) => [text(row['run_uuid']), `${text(row['points'])} ${text(row['newest'])} ${text(row['last'])}`]),
  )
  const datasets = await readDatasets(db, ids)
  const models = hasModels ? await readRunModels(db, ids) : new Map<string, ImportedRun['models']>()
  return rows.map((row) => {
    const id = text(row['run_uuid'])
    addresses.set(`run/${id}`, text(row['artifact_uri']))
    const own = tags.get(id) ?? {}
    const status = text(row['status'])
    const run: ImportedRun = {
      id,
      experiment,
      name: text(row['name']) || own['mlflow.runName'] || '',
      user: text(row['user_id']),
      status: statuses.find((one) => one === status) ?? 'FAILED',
      lifecycle: row['lifecycle_stage'] === 'deleted' ? 'deleted' : 'active',
      startTime: wholeNumber(row['start_time']) ?? null,
      endTime: wholeNumber(row['end_time']) || null,
      params: params.get(id) ?? {},
      tags: own,
      datasets: datasets.get(id) ?? [],
      models: models.get(id) ?? [],
    }
    return { run, state: counts.get(id) ?? '' }
  })
}

async function readDatasets(
  db: ForeignDatabase,
  ids: readonly string[],
): Promise<Map<string, ImportedRun['datasets']>> {
  const found = new Map<string, ImportedRun['datasets']>()
  if ((await db.columns('inputs')).size === 0 || (await db.columns('datasets')).size === 0) return found
  const marks = ids.map(() => '?').join(', ')
  const rows = await db.rows(
    `select i.input_uuid, i.destination_id, d.name, d.digest, d.dataset_source_type, d.dataset_source, d.dataset_schema, d.dataset_profile from inputs i join datasets d on d.dataset_uuid = i.source_id where i.source_type = 'DATASET' and i.destination_type = 'RUN' and i.destination_id in (${marks})`,
    ids,
  )
  const tags = new Map<string, { key: string; value: string }[]>()
  const inputs = rows.map((row) => text(row['input_uuid']))
  for (let start = 0; start < inputs.length; start += runsAtOnce) {
    const some = inputs.slice(start, start + runsAtOnce)
    for (const row of await db.rows(
      `select input_uuid, name, value from input_tags where input_uuid in (${some.map(() => '?').join(', ')}) order by name`,
      some,
    )) {
      const list = tags.get(text(row['input_uuid'])) ?? []
      list.push({ key: text(row['name']), value: text(row['value']) })
      tags.set(text(row['input_uuid']), list)
    }
  }
  const orNull = (value: unknown): string | null =>
    value === null || value === undefined || value === '' ? null : text(value)
  for (const row of rows) {
    const run = text(row['destination_id'])
    const list = found.get(run) ?? []
    list.push({
      name: text(row['name']),
      digest: text(row['digest']),
      sourceType: text(row['dataset_source_type']),
      source: text(row['dataset_source']),
      schema: orNull(row['dataset_schema']),
      profile: orNull(row['dataset_profile']),
      tags: tags.get(text(row['input_uuid'])) ?? [],
    })
    found.set(run, list)
  }
  return found
}

async function readRunModels(db: ForeignDatabase, ids: readonly string[]): Promise<Map<string, ImportedRun['models']>> {
  const found = new Map<string, ImportedRun['models']>()
  const step = (await db.columns('inputs')).has('step') ? 'step' : '0 as step'
  const marks = ids.map(() => '?').join(', ')
  const add = (run: string, direction: 'input' | 'output', model: string, at: unknown) => {
    const list = found.get(run) ?? []
    list.push({ direction, model, step: direction === 'input' ? 0 : (wholeNumber(at) ?? 0) })
    found.set(run, list)
  }
  for (const row of await db.rows(
    `select source_id, destination_id, ${step} from inputs where source_type = 'RUN_OUTPUT' and destination_type = 'MODEL_OUTPUT' and source_id in (${marks})`,
    ids,
  ))
    add(text(row['source_id']), 'output', text(row['destination_id']), row['step'])
  for (const row of await db.rows(
    `select source_id, destination_id, source_type from inputs where source_type in ('RUN_INPUT', 'MODEL_INPUT') and (source_id in (${marks}) or destination_id in (${marks}))`,
    [...ids, ...ids],
  )) {
    const forward = ids.includes(text(row['source_id']))
    add(
      text(row[forward ? 'source_id' : 'destination_id']),
      'input',
      text(row[forward ? 'destination_id' : 'source_id']),
      0,
    )
  }
  return found
}

async function loggedModel(db: ForeignDatabase, row: Row, experiment: string): Promise<ImportedLoggedModel> {
  const id = text(row['model_id'])
  const pairs = async (kind: 'param' | 'tag') =>
    Object.fromEntries(
      (
        await db.rows(`select ${kind}_key as k, ${kind}_value as v from logged_model_${kind}s where model_id = ?`, [id])
      ).map((one) => [text(one['k']), text(one['v'])]),
    )
  const metrics = await db.rows(
    'select metric_name, metric_timestamp_ms, metric_step, metric_value, run_id, dataset_name, dataset_digest from logged_model_metrics where model_id = ?',
    [id],
  )
  return {
    id,
    experiment,
    name: text(row['name']),
    status: (['PENDING', 'READY', 'UPLOAD_FAILED'] as const)[Number(row['status']) - 1] ?? 'PENDING',
    lifecycle: row['lifecycle_stage'] === 'deleted' ? 'deleted' : 'active',
    modelType: text(row['model_type']),
    sourceRun: text(row['source_run_id']) || null,
    createdAt: wholeNumber(row['creation_timestamp_ms']) ?? null,
    updatedAt: wholeNumber(row['last_updated_timestamp_ms']) ?? null,
    params: await pairs('param'),
    tags: await pairs('tag'),
    metrics: metrics.map((m) => ({
      key: text(m['metric_name']),
      run: text(m['run_id']),
      dataset: text(m['dataset_name']),
      digest: text(m['dataset_digest']),
      value: storedNumber(m['metric_value']) ?? null,
      step: wholeNumber(m['metric_step']) ?? 0,
      timestamp: wholeNumber(m['metric_timestamp_ms']) ?? 0,
    })),
  }
}

async function* readModels(
  db: ForeignDatabase,
  has: (table: string, column?: string) => Promise<boolean>,
): AsyncGenerator<ImportedModel> {
  if (!(await has('registered_models'))) return
  const tagsOf = async (table: string, where: string, values: readonly (string | number)[]) =>
    (await has(table))
      ? Object.fromEntries(
          (await db.rows(`select key, value from ${table} where ${where}`, values)).map((row) => [
            text(row['key']),
            text(row['value']),
          ]),
        )
      : {}
  const runLink = (await has('model_versions', 'run_link')) ? 'run_link' : "'' as run_link"
  for (const row of await db.rows(
    'select name, creation_time, last_updated_time, description from registered_models order by name',
  )) {
    const name = text(row['name'])
    const aliases = (await has('registered_model_aliases'))
      ? await db.rows('select alias, version from registered_model_aliases where name = ?', [name])
      : []
    const all = await db.rows(
      `select version, creation_time, last_updated_time, description, current_stage, source, run_id, status, user_id, ${runLink} from model_versions where name = ? order by version`,
      [name],
    )
    const versions: ImportedVersion[] = []
    for (const v of all) {
      // A deleted version has lost its source there; only its number is kept.
      if (v['current_stage'] === 'Deleted_Internal') continue
      const run = text(v['run_id']) || null
      const source = text(v['source'])
      const files = filesOf(source, run)
      versions.push({
        version: Number(v['version']),
        description: text(v['description']),
        stage: text(v['current_stage']) || 'None',
        state: versionStates[text(v['status'])] ?? 'ready',
        source,
        run,
        runLink: text(v['run_link']),
        loggedModel: files?.owner === 'logged-model' ? files.id : null,
        createdAt: wholeNumber(v['creation_time']) ?? null,
        updatedAt: wholeNumber(v['last_updated_time']) ?? null,
        tags: await tagsOf('model_version_tags', 'name = ? and version = ?', [name, Number(v['version'])]),
        files,
      })
    }
    yield {
      name,
      description: text(row['description']),
      createdAt: wholeNumber(row['creation_time']) ?? null,
      updatedAt: wholeNumber(row['last_updated_time']) ?? null,
      tags: await tagsOf('registered_model_tags', 'name = ?', [name]),
      aliases: Object.fromEntries(aliases.map((one) => [text(one['alias']), Number(one['version'])])),
      lastVersion: Math.max(0, ...all.map((one) => Number(one['version']))),
      versions,
    }
  }
}

/** Text of any column: SQLite keeps any type in any column. */
function text(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8')
  return typeof value === 'string' ? value : String(value as number)
}

/** Experiments have whole numbers as ids in a database. */
const idValue = (id: string): string | number => (/^\d{1,15}$/.test(id) ? Number(id) : id)

function group(rows: readonly Row[]): Map<string, Record<string, string>> {
  const found = new Map<string, Record<string, string>>()
  for (const row of rows) {
    const owner = text(row['owner'])
    const own = found.get(owner) ?? {}
    own[text(row['key'])] = text(row['value'])
    found.set(owner, own)
  }
  return found
}

import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, rename, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import type { ImportedExperiment, ImportedLoggedModel, ImportedModel, ImportedRun } from '@trivium/contract'
import { FailedError } from '../fail.ts'
import { placeInFolder } from '../place-in-folder.ts'
import { databaseTraceWriter } from './mlflow-export-database-traces.ts'
import { inserter, uuidOf } from './store-inserter.ts'
import type { ExportTarget } from './run-export.ts'
import type { FileOwner, Series, SourceFile } from './source.ts'

const makeStore =
  'import os, sys; os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"; from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore; SqlAlchemyStore("sqlite:///" + sys.argv[1], "mlflow-artifacts:/")'
const safe = /^[^\p{Cc}\\/]+$/u

/**
 * A new store of MLflow in a folder: `mlflow.db`, whose schema MLflow itself makes, and `mlartifacts`. Everything keeps its id and its time. It gets its name when it
 * is complete.
 */
export async function mlflowDatabaseTarget(folder: string, python: string): Promise<ExportTarget> {
  await mkdir(folder, { recursive: true })
  const path = join(folder, 'mlflow.db')
  if (await stat(path).catch(() => undefined))
    throw new FailedError(`"${path}" exists already. Name another folder: an export makes a new store.`)
  const draft = join(folder, `.mlflow-${randomUUID()}.db`)
  try {
    await promisify(execFile)(python, ['-c', makeStore, draft])
  } catch (error) {
    throw new FailedError(
      `"${python}" could not make the database of MLflow: ${lastLine((error as { stderr?: string }).stderr ?? (error as Error).message)} Install mlflow (not mlflow-skinny) there, name another interpreter with --python, or export to the address of a running server.`,
    )
  }
  const db = new DatabaseSync(draft)
  db.exec('pragma journal_mode = delete; pragma synchronous = off; begin')
  const insert = inserter(db)
  const artifacts = join(folder, 'mlartifacts')
  const places = new Map<string, string>()
  return {
    keepsIds: true,
    differs: [
      {
        what: 'addresses of files',
        why: 'the new store has its own folder',
      },
    ],
    ...databaseTraceWriter(db, insert, places),
    start: async () => {},
    experiment: async (one: ImportedExperiment) => {
      if (!/^\d{1,18}$/.test(one.id))
        throw new FailedError(`Experiment ${one.id} has no number as its id, which the database of MLflow needs.`)
      const now = Date.now()
      const row = {
        name: one.name,
        artifact_location: `mlflow-artifacts:/${one.id}`,
        lifecycle_stage: one.lifecycle,
        creation_time: one.createdAt ?? now,
        last_update_time: one.updatedAt ?? now,
      }
      db.prepare('delete from experiments where experiment_id = ?').run(BigInt(one.id))
      insert('experiments', { experiment_id: BigInt(one.id), ...row })
      for (const [key, value] of Object.entries(one.tags))
        insert('experiment_tags', { key, value, experiment_id: BigInt(one.id) })
    },
    run: async (run: ImportedRun) => {
      places.set(`run/${run.id}`, join(run.experiment, run.id, 'artifacts'))
      insert('runs', {
        run_uuid: run.id,
        name: run.name,
        source_type: 'UNKNOWN',
        source_name: '',
        entry_point_name: '',
        user_id: run.user,
        status: run.status,
        start_time: run.startTime,
        end_time: run.endTime,
        source_version: '',
        lifecycle_stage: run.lifecycle,
        artifact_uri: `mlflow-artifacts:/${run.experiment}/${run.id}/artifacts`,
        experiment_id: BigInt(run.experiment),
        deleted_time: run.lifecycle === 'deleted' ? Date.now() : null,
      })
      for (const [key, value] of Object.entries(run.params)) insert('params', { key, value, run_uuid: run.id })
      for (const [key, value] of Object.entries(run.tags)) insert('tags', { key, value, run_uuid: run.id })
      for (const one of run.datasets) {
        const dataset = uuidOf(run.experiment, one.name, one.digest)
        const input = uuidOf(dataset, run.id)
        insert(
          'datasets',
          {
            dataset_uuid: dataset,
            experiment_id: BigInt(run.experiment),
            name: one.name,
            digest: one.digest,
            dataset_source_type: one.sourceType,
            dataset_source: one.source,
            dataset_schema: one.schema,
            dataset_profile: one.profile,
          },
          true,
        )
        insert(
          'inputs',
          {
            input_uuid: input,
            source_type: 'DATASET',
            source_id: dataset,
            destination_type: 'RUN',
            destination_id: run.id,
            step: 0,
          },
          true,
        )
        for (const { key, value } of one.tags) insert('input_tags', { input_uuid: input, name: key, value }, true)
      }
      for (const { direction, model, step } of run.models)
        insert(
          'inputs',
          {
            input_uuid: uuidOf(direction, run.id, model),
            source_type: direction === 'input' ? 'RUN_INPUT' : 'RUN_OUTPUT',
            source_id: run.id,
            destination_type: direction === 'input' ? 'MODEL_INPUT' : 'MODEL_OUTPUT',
            destination_id: model,
            step,
          },
          true,
        )
    },
    series: async ({ run, key, points }: Series) => {
      let last: { step: number; timestamp: number; value: number; is_nan: number } | undefined
      for (const [step, timestamp, value] of points) {
        const row = { step, timestamp, value: value ?? 0, is_nan: value === null ? 1 : 0 }
        insert('metrics', { key, run_uuid: run, ...row }, true)
        if (
          !last ||
          step > last.step ||
          (step === last.step &&
            (timestamp > last.timestamp || (timestamp === last.timestamp && row.value >= last.value)))
        )
          last = row
      }
      if (last) insert('latest_metrics', { key, run_uuid: run, ...last })
    },
    loggedModel: async (model: ImportedLoggedModel) => {
      places.set(`logged-model/${model.id}`, join(model.experiment, 'models', model.id, 'artifacts'))
      const experiment = BigInt(model.experiment)
      insert('logged_models', {
        model_id: model.id,
        experiment_id: experiment,
        name: model.name,
        artifact_location: `mlflow-artifacts:/${model.experiment}/models/${model.id}/artifacts`,
        creation_timestamp_ms: model.createdAt ?? 0,
        last_updated_timestamp_ms: model.updatedAt ?? 0,
        status: ['PENDING', 'READY', 'UPLOAD_FAILED'].indexOf(model.status) + 1,
        lifecycle_stage: model.lifecycle,
        model_type: model.modelType,
        source_run_id: model.sourceRun,
        status_message: null,
      })
      for (const [key, value] of Object.entries(model.params))
        insert('logged_model_params', {
          model_id: model.id,
          experiment_id: experiment,
          param_key: key,
          param_value: value,
        })
      for (const [key, value] of Object.entries(model.tags))
        insert('logged_model_tags', { model_id: model.id, experiment_id: experiment, tag_key: key, tag_value: value })
      for (const m of model.metrics)
        insert(
          'logged_model_metrics',
          {
            model_id: model.id,
            metric_name: m.key,
            metric_timestamp_ms: m.timestamp,
            metric_step: m.step,
            metric_value: m.value ?? 0,
            experiment_id: experiment,
            run_id: m.run,
            dataset_uuid: m.dataset === '' ? null : uuidOf(model.experiment, m.dataset, m.digest),
            dataset_name: m.dataset || null,
            dataset_digest: m.digest || null,
          },
          true,
        )
    },
    model: async (model: ImportedModel) => {
      insert('registered_models', {
        name: model.name,
        creation_time: model.createdAt,
        last_updated_time: model.updatedAt,
        description: model.description,
      })
      for (const [key, value] of Object.entries(model.tags))
        insert('registered_model_tags', { key, value, name: model.name })
      for (const v of model.versions) {
        insert('model_versions', {
          name: model.name,
          version: v.version,
          creation_time: v.createdAt,
          last_updated_time: v.updatedAt,
          description: v.description,
          user_id: null,
          current_stage: v.stage,
          source: v.source,
          run_id: v.run,
          status:
            v.state === 'ready' ? 'READY' : v.state === 'pending' ? 'PENDING_REGISTRATION' : 'FAILED_REGISTRATION',
          status_message: null,
          run_link: v.runLink,
          storage_location: v.files
            ? `mlflow-artifacts:/${[...(places.get(`${v.files.owner}/${v.files.id}`)?.split('/') ?? []), v.files.path].filter(Boolean).join('/')}`
            : v.source,
        })
        for (const [key, value] of Object.entries(v.tags))
          insert('model_version_tags', { key, value, name: model.name, version: v.version })
      }
      for (const [alias, version] of Object.entries(model.aliases))
        insert('registered_model_aliases', { alias, version, name: model.name })
    },
    file: async (owner: FileOwner, file: SourceFile) => {
      const place = places.get(`${owner.kind}/${owner.id}`)
      const parts = file.path.split('/')
      if (place === undefined || parts.some((part) => part === '.' || part === '..' || !safe.test(part)))
        throw new FailedError(`"${file.path.slice(0, 200)}" is no path that a folder of artifacts can have`)
      const to = placeInFolder(artifacts, `${place}/${file.path}`)
      await mkdir(dirname(to), { recursive: true })
      await pipeline(Readable.fromWeb((await file.open()) as never), createWriteStream(to, { flags: 'wx' }))
    },
    finish: async () => {
      db.exec('commit; pragma synchronous = full; vacuum')
      db.close()
      await rename(draft, path)
      return `${path}, artifacts in ${artifacts}. Open it with: mlflow server --backend-store-uri sqlite:///${path} --artifacts-destination ${artifacts}`
    },
  }
}

const lastLine = (text: string): string => (text.trim().split('\n').at(-1) ?? '').slice(0, 300)

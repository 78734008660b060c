import type { ImportedExperiment, ImportedLoggedModel, ImportedModel, ImportedRun } from '@trivium/contract'
import { FailedError } from '../fail.ts'
import { type MlflowClient, PeerError } from './mlflow-client.ts'
import type { ExportTarget } from './run-export.ts'
import type { Series, Skip, SourceFile } from './source.ts'

const api = '/api/2.0/mlflow'
const batch = { metrics: 1000, params: 100, tags: 100 }
const largestFile = 512 * 1024 * 1024
/** Tags that keep what a running server gives anew. */
const idTag = 'trivium.id'

/**
 * A running MLflow server, written by its API. It gives its own ids to runs, experiments and logged models, and numbers to versions: ours are kept in the tag
 * `trivium.id`. Its registry sets times of its own.
 */
export function mlflowServerTarget(client: MlflowClient, skip: Skip): ExportTarget {
  const experiments = new Map<string, string>()
  const runs = new Map<string, { id: string; uri: string }>()
  const models = new Map<string, { id: string; uri: string }>()
  const post = <T>(path: string, body: object) => client.send<T>('POST', `${api}/${path}`, body)
  const pairs = (of: Readonly<Record<string, string>>) => Object.entries(of).map(([key, value]) => ({ key, value }))
  const idOf = (experiment: string): string => experiments.get(experiment) ?? experiment
  const inputsOf = (run: ImportedRun) =>
    run.datasets.map((one) => ({
      tags: one.tags,
      dataset: {
        name: one.name,
        digest: one.digest,
        source_type: one.sourceType,
        source: one.source,
        ...(one.schema === null ? {} : { schema: one.schema }),
        ...(one.profile === null ? {} : { profile: one.profile }),
      },
    }))
  return {
    keepsIds: false,
    start: async () => {},
    experiment: async (one: ImportedExperiment) => {
      try {
        const tags = pairs({ ...one.tags, [idTag]: one.id })
        const made = await post<{ experiment_id: string }>('experiments/create', { name: one.name, tags })
        experiments.set(one.id, made.experiment_id)
      } catch (error) {
        if (!(error instanceof PeerError) || error.status !== 400) throw error
        const { experiment } = await client.get<{ experiment: { experiment_id: string; lifecycle_stage: string } }>(
          `${api}/experiments/get-by-name`,
          { experiment_name: one.name },
        )
        if (experiment.lifecycle_stage !== 'active')
          throw new FailedError(
            `Experiment "${one.name}" is deleted at ${client.url}. Restore it there, or choose others with --experiments.`,
          )
        experiments.set(one.id, experiment.experiment_id)
      }
    },
    run: async (run: ImportedRun) => {
      const { run: made } = await post<{ run: { info: { run_id: string; artifact_uri: string } } }>('runs/create', {
        experiment_id: idOf(run.experiment),
        run_name: run.name,
        user_id: run.user,
        start_time: run.startTime ?? 0,
        tags: pairs({ ...run.tags, [idTag]: run.id, ...(run.name === '' ? {} : { 'mlflow.runName': run.name }) }),
      })
      runs.set(run.id, { id: made.info.run_id, uri: made.info.artifact_uri })
      const params = pairs(run.params)
      for (let start = 0; start < params.length; start += batch.params)
        await post('runs/log-batch', { run_id: made.info.run_id, params: params.slice(start, start + batch.params) })
      if (run.datasets.length > 0) await post('runs/log-inputs', { run_id: made.info.run_id, datasets: inputsOf(run) })
    },
    series: async ({ run, key, points }: Series) => {
      const id = runs.get(run)?.id
      for (let start = 0; start < points.length; start += batch.metrics)
        await post('runs/log-batch', {
          run_id: id,
          metrics: points
            .slice(start, start + batch.metrics)
            .map(([step, timestamp, value]) => ({ key, step, timestamp, value: value ?? 'NaN' })),
        })
    },
    loggedModel: async (model: ImportedLoggedModel) => {
      const { model: made } = await post<{ model: { info: { model_id: string; artifact_uri: string } } }>(
        'logged-models',
        {
          experiment_id: idOf(model.experiment),
          name: model.name,
          model_type: model.modelType,
          ...(model.sourceRun === null ? {} : { source_run_id: runs.get(model.sourceRun)?.id }),
          params: pairs(model.params),
          tags: pairs({ ...model.tags, [idTag]: model.id }),
        },
      )
      models.set(model.id, { id: made.info.model_id, uri: made.info.artifact_uri })
      if (model.status !== 'PENDING')
        await client.send('PATCH', `${api}/logged-models/${made.info.model_id}`, {
          model_id: made.info.model_id,
          status: `LOGGED_MODEL_${model.status}`,
        })
    },
    file: async (owner, file: SourceFile) => {
      const place = owner.kind === 'run' ? runs.get(owner.id) : models.get(owner.id)
      const root = /^mlflow-artifacts:\/+(?:[^/]+:\d+\/+)?(.+)$/.exec(place?.uri ?? '')?.[1]
      if (root === undefined)
        throw new FailedError(
          `${client.url} keeps its files at "${place?.uri ?? ''}" and takes none; start it with --artifacts-destination`,
        )
      if ((file.size ?? 0) > largestFile)
        throw new FailedError(`it has ${file.size} bytes; more than ${largestFile} go only into a folder`)
      const body = new Uint8Array(await new Response(await file.open()).arrayBuffer())
      const path = [...root.split('/'), ...file.path.split('/')].map(encodeURIComponent).join('/')
      await client.raw('PUT', `/api/2.0/mlflow-artifacts/artifacts/${path}`, { body })
    },
    runDone: async (run: ImportedRun) => {
      const id = runs.get(run.id)?.id
      if (run.status !== 'RUNNING')
        await post('runs/update', {
          run_id: id,
          status: run.status,
          ...(run.endTime === null ? {} : { end_time: run.endTime }),
        })
      if (run.lifecycle === 'deleted') await post('runs/delete', { run_id: id })
    },
    model: async (model: ImportedModel) => {
      try {
        await post('registered-models/create', {
          name: model.name,
          description: model.description,
          tags: pairs(model.tags),
        })
      } catch (error) {
        if (!(error instanceof PeerError) || error.status !== 400) throw error
        return skip(`model "${model.name}"`, `${client.url} has one of this name already`)
      }
      const numbers = new Map<number, string>()
      for (const version of model.versions) {
        const from =
          version.files?.owner === 'run'
            ? runs.get(version.files.id)
            : version.files
              ? models.get(version.files.id)
              : undefined
        if (!from) {
          skip(
            `version ${version.version} of model "${model.name}"`,
            `its files lie at "${version.source.slice(0, 200)}", which ${client.url} would not take`,
          )
          continue
        }
        const source =
          version.files?.owner === 'run'
            ? [from.uri, version.files.path].filter(Boolean).join('/')
            : `models:/${from.id}`
        const { model_version: made } = await post<{ model_version: { version: string } }>('model-versions/create', {
          name: model.name,
          source,
          description: version.description,
          tags: pairs({ ...version.tags, [idTag]: String(version.version) }),
          ...(version.run === null || !runs.has(version.run) ? {} : { run_id: runs.get(version.run)?.id }),
          ...(version.files?.owner === 'logged-model' ? { model_id: from.id } : {}),
        })
        numbers.set(version.version, made.version)
        if (version.stage !== 'None')
          await post('model-versions/transition-stage', {
            name: model.name,
            version: made.version,
            stage: version.stage,
            archive_existing_versions: false,
          })
      }
      for (const [alias, version] of Object.entries(model.aliases))
        if (numbers.has(version))
          await post('registered-models/alias', { name: model.name, alias, version: numbers.get(version) })
    },
    experimentDone: async (one: ImportedExperiment) => {
      if (one.lifecycle === 'deleted') await post('experiments/delete', { experiment_id: idOf(one.id) })
    },
    finish: async () =>
      `${client.url}. It gave ids of its own; ours are in the tag ${idTag}, and its registry has times of its own.`,
  }
}

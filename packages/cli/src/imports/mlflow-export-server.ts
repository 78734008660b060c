import type { ImportedExperiment, ImportedLoggedModel, ImportedModel, ImportedRun } from '@trivium/contract'
import { FailedError } from '../fail.ts'
import { type MlflowClient, PeerError } from './mlflow-client.ts'
import { evaluationSetWriter } from './mlflow-export-evaluation-sets.ts'
import { exportModel } from './mlflow-export-registry.ts'
import { exportTraces, proxiedRoot } from './mlflow-export-traces.ts'
import { idTag, isRefused, pagesOf, pairs, type Place } from './mlflow-exported.ts'
import type { ExportTarget } from './run-export.ts'
import { sendBody } from './send-body.ts'
import type { FileOwner, Series, Skip, SourceFile } from './source.ts'

const api = '/api/2.0/mlflow'
const batch = { metrics: 1000, params: 100, tags: 100 }
/** Names versions on a logged model; the server writes it as versions are made. */
const versionsTag = 'mlflow.modelVersions'
const parentTag = 'mlflow.parentRunId'
/** A deleted logged model is in no list: the experiment keeps in a tag of this name which id ours got. */
const deletedTag = `${idTag}.deleted.`
const differs = [
  {
    what: 'ids of experiments, runs, logged models, evaluation datasets and their records',
    why: `MLflow's API gives its own; ours are in the tag ${idTag}. Traces and assessments keep theirs`,
  },
  {
    what: 'times of experiments, logged models, evaluation datasets, registered models and versions',
    why: "MLflow's API notes when they were written there; runs, points, traces and assessments keep theirs. An export to a folder keeps all",
  },
  {
    what: 'digests of evaluation datasets',
    why: 'MLflow makes them of the name and the time of the last change',
  },
  {
    what: 'addresses of files, and the mark mlflow.trace.infoFinalized of traces',
    why: 'each server has its own folder, and MLflow marks every trace that it was told of whole',
  },
] as const

interface Info {
  readonly run_id: string
  readonly artifact_uri: string
  readonly lifecycle_stage: string
}

/**
 * A running MLflow server, written by its API. It gives its own ids to runs, experiments and logged models: ours are kept in the tag `trivium.id`, and what names
 * them follows. The numbers of versions stay. The same export again goes on where it was broken off.
 */
export function mlflowServerTarget(client: MlflowClient, skip: Skip): ExportTarget {
  const experiments = new Map<string, string>()
  const runs = new Map<string, Place>()
  const models = new Map<string, Place>()
  const held = new Map<string, ImportedRun[]>()
  const loggedModels: ImportedLoggedModel[] = []
  const earlier = { runs: new Map<string, Info>(), models: new Map<string, Place>(), links: new Set<string>() }
  const traces = new Map<string, Place>()
  /** Which id deleted logged models of ours got from an earlier export. */
  const deletedEarlier = new Map<string, string>()
  const post = <T>(path: string, body: object) => client.send<T>('POST', `${api}/${path}`, body)
  const idOf = (experiment: string): string => experiments.get(experiment) ?? experiment

  /** Sends a list in parts; a part that is refused goes one by one, so that only what the peer does not take is left, and named. */
  const inParts = async <T>(
    list: readonly T[],
    size: number,
    send: (part: readonly T[]) => Promise<unknown>,
    what: (one: T) => string,
  ): Promise<void> => {
    for (let start = 0; start < list.length; start += size) {
      const part = list.slice(start, start + size)
      try {
        await send(part)
      } catch (error) {
        if (!isRefused(error)) throw error
        if (size === 1) skip(what(part[0] as T), error.message)
        else await inParts(part, 1, send, what)
      }
    }
  }
  const setTags = (run: string, id: string, tags: Readonly<Record<string, string>>) =>
    inParts(
      pairs(tags),
      batch.tags,
      (part) => post('runs/log-batch', { run_id: id, tags: part }),
      ({ key }) => `tag "${key.slice(0, 200)}" of run ${run}`,
    )

  return {
    keepsIds: false,
    differs,
    start: async () => {},
    experiment: async (one: ImportedExperiment) => {
      try {
        const made = await post<{ experiment_id: string }>('experiments/create', {
          name: one.name,
          tags: pairs({ ...one.tags, [idTag]: one.id }),
        })
        experiments.set(one.id, made.experiment_id)
        return
      } catch (error) {
        if (!isRefused(error)) throw error
      }
      const { experiment } = await client.get<{
        experiment: { experiment_id: string; lifecycle_stage: string; tags?: { key: string; value: string }[] }
      }>(`${api}/experiments/get-by-name`, { experiment_name: one.name })
      const id = experiment.experiment_id
      if (experiment.lifecycle_stage !== 'active') {
        if (!experiment.tags?.some(({ key, value }) => key === idTag && value === one.id))
          throw new FailedError(
            `Experiment "${one.name}" is deleted at ${client.url}. Restore it there, or choose others with --experiments.`,
          )
        await post('experiments/restore', { experiment_id: id })
      }
      experiments.set(one.id, id)
      for (const tag of pairs({ ...one.tags, [idTag]: one.id }))
        await post('experiments/set-experiment-tag', { experiment_id: id, ...tag })
      for (const { key, value } of experiment.tags ?? [])
        if (key.startsWith(deletedTag)) deletedEarlier.set(key.slice(deletedTag.length), value)
      await findEarlier(client, id, earlier)
    },
    run: async (run: ImportedRun) => {
      let info = earlier.runs.get(run.id)
      if (info?.lifecycle_stage === 'deleted') await post('runs/restore', { run_id: info.run_id })
      info ??= (
        await post<{ run: { info: Info } }>('runs/create', {
          experiment_id: idOf(run.experiment),
          run_name: run.name,
          user_id: run.user,
          start_time: run.startTime ?? 0,
          tags: [{ key: idTag, value: run.id }],
        })
      ).run.info
      const id = info.run_id
      runs.set(run.id, { id, uri: info.artifact_uri })
      const list = held.get(run.experiment) ?? []
      held.set(run.experiment, list)
      list.push(run)
      const { [parentTag]: _parent, ...tags } = run.tags
      await setTags(run.id, id, { ...tags, ...(run.name === '' ? {} : { 'mlflow.runName': run.name }) })
      await inParts(
        pairs(run.params),
        batch.params,
        (part) => post('runs/log-batch', { run_id: id, params: part }),
        ({ key }) => `parameter "${key.slice(0, 200)}" of run ${run.id}`,
      )
      await inParts(
        run.datasets,
        10,
        (part) => post('runs/log-inputs', { run_id: id, datasets: part.map(inputOf) }),
        ({ name }) => `dataset "${name.slice(0, 200)}" of run ${run.id}`,
      )
    },
    series: async ({ run, key, points }: Series) => {
      const id = runs.get(run)?.id
      await inParts(
        points,
        batch.metrics,
        (part) =>
          post('runs/log-batch', {
            run_id: id,
            metrics: part.map(([step, timestamp, value]) => ({ key, step, timestamp, value: value ?? 'NaN' })),
          }),
        ([step]) => `the point of step ${step} of metric "${key.slice(0, 200)}" of run ${run}`,
      )
    },
    loggedModel: async (model: ImportedLoggedModel) => {
      let place = earlier.models.get(model.id)
      const gone = deletedEarlier.get(model.id)
      // What is deleted there already takes nothing any more.
      if (gone !== undefined) {
        models.set(model.id, { id: gone, uri: '' })
        await deleteModel(client, gone)
        return
      }
      const { [versionsTag]: _versions, ...tags } = model.tags
      if (!place) {
        const { model: made } = await post<{ model: { info: { model_id: string; artifact_uri: string } } }>(
          'logged-models',
          {
            experiment_id: idOf(model.experiment),
            name: model.name,
            model_type: model.modelType,
            ...(model.sourceRun === null ? {} : { source_run_id: runs.get(model.sourceRun)?.id }),
            params: pairs(model.params),
            tags: pairs({ ...tags, [idTag]: model.id }),
          },
        )
        place = { id: made.info.model_id, uri: made.info.artifact_uri }
      }
      models.set(model.id, place)
      loggedModels.push(model)
      if (model.status !== 'PENDING')
        await client.send('PATCH', `${api}/logged-models/${place.id}`, {
          model_id: place.id,
          status: `LOGGED_MODEL_${model.status}`,
        })
    },
    file: async (owner: FileOwner, file: SourceFile) => {
      if (owner.kind === 'logged-model' && deletedEarlier.has(owner.id)) return
      const root = proxiedRoot(client, { run: runs, 'logged-model': models, trace: traces }[owner.kind].get(owner.id))
      const path = [...root.split('/'), ...file.path.split('/')].map(encodeURIComponent).join('/')
      await sendBody(file, (body) => client.raw('PUT', `/api/2.0/mlflow-artifacts/artifacts/${path}`, { body }))
    },
    runDone: async (run: ImportedRun) => {
      if (run.status === 'RUNNING') return
      await post('runs/update', {
        run_id: runs.get(run.id)?.id,
        status: run.status,
        ...(run.endTime === null ? {} : { end_time: run.endTime }),
      })
    },
    model: (model: ImportedModel) => exportModel({ client, skip, runs, models }, model),
    traces: (page) => exportTraces({ client, skip, runs, models, traces, experimentOf: idOf }, page),
    evaluationSet: evaluationSetWriter(client, skip, idOf),
    experimentDone: async (one: ImportedExperiment) => {
      const id = idOf(one.id)
      for (const model of loggedModels.filter(({ experiment }) => experiment === one.id)) {
        const at = models.get(model.id)?.id
        const versions = model.tags[versionsTag]
        // What the server noted while versions were made is what stands here anyway, except for the versions of an earlier export.
        if (versions !== undefined)
          await client.send('PATCH', `${api}/logged-models/${at}/tags`, {
            model_id: at,
            tags: [{ key: versionsTag, value: versions }],
          })
        for (const [run, list] of Map.groupBy(model.metrics, (metric) => metric.run)) {
          const to = runs.get(run)?.id
          if (to === undefined) skip(`${list.length} metrics of logged model ${model.id}`, `run ${run} is not exported`)
          else
            await inParts(
              list,
              batch.metrics,
              (part) =>
                post('runs/log-batch', {
                  run_id: to,
                  metrics: part.map(({ key, step, timestamp, value, dataset, digest }) => ({
                    key,
                    step,
                    timestamp,
                    value: value ?? 'NaN',
                    model_id: at,
                    ...(dataset === '' ? {} : { dataset_name: dataset, dataset_digest: digest }),
                  })),
                }),
              ({ key }) => `metric "${key.slice(0, 200)}" of logged model ${model.id}`,
            )
        }
      }
      for (const run of held.get(one.id) ?? []) {
        const at = runs.get(run.id)?.id ?? ''
        const parent = run.tags[parentTag]
        if (parent !== undefined) await setTags(run.id, at, { [parentTag]: runs.get(parent)?.id ?? parent })
        const linked = run.models.filter(({ direction, model }) => {
          const to = models.get(model)?.id
          if (to === undefined) skip(`logged model ${model} of run ${run.id}`, 'it is deleted, or not exported')
          return to !== undefined && !earlier.links.has(`${direction} ${at} ${to}`)
        })
        const inputs = linked.filter(({ direction }) => direction === 'input')
        const outputs = linked.filter(({ direction }) => direction === 'output')
        if (inputs.length > 0)
          await post('runs/log-inputs', {
            run_id: at,
            models: inputs.map(({ model }) => ({ model_id: models.get(model)?.id })),
          })
        if (outputs.length > 0)
          await post('runs/outputs', {
            run_id: at,
            models: outputs.map(({ model, step }) => ({ model_id: models.get(model)?.id, step })),
          })
        // What is deleted takes nothing any more, so this comes last.
        if (run.lifecycle === 'deleted') await post('runs/delete', { run_id: at })
      }
      for (const model of loggedModels.filter(({ experiment }) => experiment === one.id)) {
        const at = models.get(model.id)?.id
        if (model.lifecycle !== 'deleted' || at === undefined) continue
        const tag = { key: `${deletedTag}${model.id}`, value: at }
        await post('experiments/set-experiment-tag', { experiment_id: id, ...tag })
        await deleteModel(client, at)
      }
      if (one.lifecycle === 'deleted') await post('experiments/delete', { experiment_id: id })
    },
    finish: async () =>
      `${client.url}. It gave ids of its own to runs, experiments and logged models; ours are in the tag ${idTag}.`,
  }
}

async function deleteModel(client: MlflowClient, id: string): Promise<void> {
  try {
    await client.send('DELETE', `${api}/logged-models/${id}`, {})
  } catch (error) {
    // It is deleted already.
    if (!(error instanceof PeerError) || error.status !== 404) throw error
  }
}

const inputOf = (one: ImportedRun['datasets'][number]): object => ({
  tags: one.tags,
  dataset: {
    name: one.name,
    digest: one.digest,
    source_type: one.sourceType,
    source: one.source,
    ...(one.schema === null ? {} : { schema: one.schema }),
    ...(one.profile === null ? {} : { profile: one.profile }),
  },
})

/** What an earlier export has made in an experiment that is there already. */
async function findEarlier(
  client: MlflowClient,
  experiment: string,
  earlier: { runs: Map<string, Info>; models: Map<string, Place>; links: Set<string> },
): Promise<void> {
  const ours = (tags: readonly { key: string; value: string }[] | undefined): string | undefined =>
    tags?.find(({ key }) => key === idTag)?.value
  const ids = { experiment_ids: [experiment] }
  const runs = { ...ids, run_view_type: 'ALL', max_results: 1000 }
  for await (const { info, data, inputs, outputs } of pagesOf(client, 'POST', 'runs/search', runs, 'runs')) {
    const id = ours(data?.tags)
    if (id === undefined) continue
    earlier.runs.set(id, info as Info)
    for (const { model_id } of inputs?.model_inputs ?? []) earlier.links.add(`input ${info.run_id} ${model_id}`)
    for (const { model_id } of outputs?.model_outputs ?? []) earlier.links.add(`output ${info.run_id} ${model_id}`)
  }
  for await (const { info } of pagesOf(client, 'POST', 'logged-models/search', { ...ids, max_results: 50 }, 'models')) {
    const id = ours(info.tags)
    if (id !== undefined) earlier.models.set(id, { id: info.model_id, uri: info.artifact_uri })
  }
}

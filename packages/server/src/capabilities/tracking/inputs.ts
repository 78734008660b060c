import { AppError } from '../../kernel/errors/index.ts'
import { parseUrn, urn } from '../../kernel/ids/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import type { Datasets } from '../datasets/index.ts'
import type { TagChange, TrackingDeps } from './experiments.ts'
import { originRefs } from './origin-refs.ts'
import { requireActiveRun } from './runs.ts'
import { runUrn } from './urns.ts'

/** A dataset as an MLflow client describes it. */
export interface LoggedDataset {
  readonly name: string
  readonly digest: string
  readonly sourceType: string
  readonly source: string
  readonly schema?: string
  readonly profile?: string
  readonly tags: readonly TagChange[]
}

/** Finds the dataset version of the project that a logged dataset is: by name and version, or by the beginning of its digest. The datasets capability implements it. */
export type DatasetResolver = (scope: Scope, dataset: { name: string; digest: string }) => Promise<string | undefined>

const pageSize = 100

/** Asks the datasets capability: `NAME@3`, name and version (digest `3`), or name and the beginning of the content's SHA-256. A digest that the client computed itself names nothing of ours. */
export function resolveWith(datasets: Pick<Datasets, 'versions'>): DatasetResolver {
  return async (scope, { name, digest }) => {
    const [, base = name, number] = /^(.*)@(\d+)$/.exec(name) ?? []
    const wanted = number ?? (/^\d{1,6}$/.test(digest) ? digest : undefined)
    if (wanted === undefined && !/^[0-9a-f]{12,64}$/.test(digest)) return undefined
    try {
      for (let before: number | undefined; ; ) {
        const page = await datasets.versions(scope, base, {
          limit: pageSize,
          ...(before === undefined ? {} : { before }),
        })
        const found = page.versions.find((version) =>
          wanted === undefined ? version.digest.startsWith(digest) : version.version === Number(wanted),
        )
        if (found) return urn(scope.project, 'dataset', base, found.version)
        before = page.versions.at(-1)?.version
        if (before === undefined || page.nextPageToken === null) return undefined
      }
    } catch (error) {
      // A dataset that Trivium does not hold is the usual case.
      if (error instanceof AppError && error.status === 404) return undefined
      throw error
    }
  }
}

/** Records which datasets and models a run read; event `run.inputs-logged` where some are dataset versions of the project. */
export async function logInputs(
  deps: TrackingDeps & { resolveDataset: DatasetResolver },
  scope: Scope,
  run: string,
  input: { datasets: readonly LoggedDataset[]; models: readonly string[] },
): Promise<void> {
  const { db, events } = deps
  const { project } = scope
  const urns = await Promise.all(
    input.datasets.map(
      async (dataset) => urnInSource(project, dataset.source) ?? (await deps.resolveDataset(scope, dataset)) ?? null,
    ),
  )
  await db.write.transaction().execute(async (trx) => {
    const { experiment_id } = await requireActiveRun(trx, project, run)
    const found: { urn: string | null; context: string | null }[] = []
    for (const [index, dataset] of input.datasets.entries()) {
      const datasetUrn = urns[index] ?? null
      const context = dataset.tags.find((tag) => tag.key === 'mlflow.data.context')?.value ?? null
      found.push({ urn: datasetUrn, context })
      await trx
        .insertInto('run_dataset')
        .values({
          project_id: project,
          experiment_id,
          name: dataset.name,
          digest: dataset.digest,
          source_type: dataset.sourceType,
          source: dataset.source,
          schema: dataset.schema ?? null,
          profile: dataset.profile ?? null,
        })
        .onConflict((c) => c.doNothing())
        .execute()
      await trx
        .insertInto('run_input')
        .values({
          project_id: project,
          run_id: run,
          name: dataset.name,
          digest: dataset.digest,
          experiment_id,
          context,
          tags: JSON.stringify(dataset.tags),
          urn: datasetUrn,
        })
        .onConflict((c) => c.doNothing())
        .execute()
    }
    for (const model of input.models) {
      await trx
        .insertInto('run_model')
        .values({ project_id: project, run_id: run, direction: 'input', model_id: model, step: 0 })
        .onConflict((c) => c.doNothing())
        .execute()
    }
    const refs = originRefs(project, { pipelineRun: null, parent: null, tags: new Map(), inputs: found })
    if (refs.length > 0) {
      await events.append(trx, {
        project,
        name: 'run.inputs-logged',
        schema: 1,
        by: scope.principal.id,
        subject: runUrn(project, run),
        refs,
        data: { inputs: input.datasets.map((d) => d.name) },
      })
    }
  })
}

/** Records which logged models a run made. */
export async function logOutputs(
  deps: TrackingDeps,
  scope: Scope,
  run: string,
  models: readonly { id: string; step: number }[],
): Promise<void> {
  await deps.db.write.transaction().execute(async (trx) => {
    await requireActiveRun(trx, scope.project, run)
    for (const { id, step } of models) {
      await trx
        .insertInto('run_model')
        .values({ project_id: scope.project, run_id: run, direction: 'output', model_id: id, step })
        .onConflict((c) => c.doNothing())
        .execute()
    }
  })
}

/** A dataset whose source is one of ours says so: its source is our URN, alone or as a value of the JSON that the client makes of it. */
function urnInSource(project: string, source: string): string | undefined {
  const text = /trivium:\/\/[^"'\s\\]+/.exec(source)?.[0]
  const parts = text === undefined ? undefined : parseUrn(text)
  return parts && parts.kind === 'dataset' && parts.project === project && parts.version !== undefined
    ? text
    : undefined
}

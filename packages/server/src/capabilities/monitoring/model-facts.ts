import type { MetricBaseline, PerformanceMetric, TrainingPredictions } from '@trivium/contract'
import { AppError } from '../../kernel/errors/index.ts'
import { parseUrn, urn } from '../../kernel/ids/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import type { Profile } from '../../kernel/tables/profile.ts'
import type { Datasets } from '../datasets/index.ts'
import type { Evaluations } from '../evaluation/index.ts'
import { type FeatureDomain, featureDomains } from './feature-domains.ts'
import type { Lineage } from '../lineage/index.ts'
import type { Registry } from '../registry/index.ts'

export interface ModelVersionName {
  readonly model: string
  readonly version: number
}

/** A profile that windows are compared with, and what it is of. */
export interface Reference {
  readonly urn: string
  readonly profile: Profile
  /** What its text columns can hold; unknown for a window that is its own reference. */
  readonly domains?: Readonly<Record<string, FeatureDomain>>
}

/** What is known about a model version that its live behaviour can be held against. */
export interface ModelFacts {
  /** Profile of the data that it was trained on: what its evaluation recorded, else what the graph says. */
  training(scope: Scope, name: ModelVersionName): Promise<Reference | undefined>
  /** What it said about the rows that it was trained on, by its newest evaluation that knows. */
  predicted(scope: Scope, name: ModelVersionName): Promise<TrainingPredictions | undefined>
  /** What its newest evaluation found. */
  evaluated(scope: Scope, name: ModelVersionName, metric: PerformanceMetric): Promise<MetricBaseline | undefined>
  /** The profile of a named dataset version, such as `flights@3`. */
  dataset(scope: Scope, reference: string): Promise<Reference>
}

export function createModelFacts({
  tables,
  datasets,
  registry,
  evaluations,
  lineage,
}: Pick<Kernel, 'tables'> & {
  datasets: Datasets
  registry: Pick<Registry, 'version'>
  evaluations: Pick<Evaluations, 'get'>
  lineage: Pick<Lineage, 'walk'>
}): ModelFacts {
  const evidenceOf = async (scope: Scope, { model, version }: ModelVersionName) =>
    (await known(registry.version(scope, model, version)))?.evidence.filter(({ kind }) => kind === 'evaluation') ?? []

  const trainedOn = async (scope: Scope, name: ModelVersionName): Promise<string | undefined> => {
    for (const { data } of (await evidenceOf(scope, name)).toReversed()) {
      const id = typeof data['evaluation'] === 'string' ? parseUrn(data['evaluation'])?.id : undefined
      const found = id === undefined ? undefined : await known(evaluations.get(scope, id))
      if (found?.model.trainedOn) return found.model.trainedOn
    }
    // Two steps back: a version's run and what that was trained on. Further back lie other models.
    const graph = await known(
      lineage.walk(scope, {
        urn: urn(scope.project, 'model', name.model, name.version),
        back: 2,
        forward: 0,
        limit: 200,
      }),
    )
    return graph?.edges.find(({ as, from }) => as === 'trained-on' && parseUrn(from)?.kind === 'dataset')?.from
  }

  const profileOf = async (scope: Scope, dataset: string, version: number): Promise<Reference> => {
    const found = await datasets.version(scope, dataset, version)
    const relation = await datasets.addedRows(scope, dataset, version)
    // Of what is sealed for the people it is about nothing is known that could be compared.
    const { sealed } = found.version
    const profile = {
      ...found.profile,
      columns: found.profile.columns.filter(({ name }) => !sealed.includes(name)),
    }
    return { urn: found.version.urn, profile, domains: await featureDomains(tables, relation, profile) }
  }

  return {
    training: async (scope, name) => {
      const parts = parseUrn((await trainedOn(scope, name)) ?? '')
      if (parts?.kind !== 'dataset' || parts.version === undefined) return undefined
      return known(profileOf(scope, parts.id, Number(parts.version)))
    },
    predicted: async (scope, name) => {
      for (const { data } of (await evidenceOf(scope, name)).toReversed()) {
        const id = typeof data['evaluation'] === 'string' ? parseUrn(data['evaluation'])?.id : undefined
        const found = id === undefined ? undefined : await known(evaluations.get(scope, id))
        if (found?.trainingPredictions) return found.trainingPredictions
      }
      return undefined
    },
    evaluated: async (scope, name, metric) => {
      for (const { data } of (await evidenceOf(scope, name)).toReversed()) {
        const metrics = Array.isArray(data['metrics']) ? (data['metrics'] as Record<string, unknown>[]) : []
        const found = metrics.find((one) => one['metric'] === metric)
        if (typeof found?.['value'] !== 'number') continue
        const { value, low, high } = found
        const interval = typeof low === 'number' && typeof high === 'number' ? { low, high } : null
        return {
          value,
          interval,
          source: 'evaluation',
          urn: typeof data['evaluation'] === 'string' ? data['evaluation'] : null,
        }
      }
      return undefined
    },
    dataset: async (scope, reference) => {
      const { name, version } = await datasets.resolve(scope, reference)
      return profileOf(scope, name, version)
    },
  }
}

/** Undefined for what does not exist: a model that was served once may be gone. */
async function known<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found
  } catch (error) {
    if (error instanceof AppError && error.status === 404) return undefined
    throw error
  }
}

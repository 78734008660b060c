import type { Reader } from '../../kernel/db/index.ts'
import { findRetrainers } from '../pipelines/index.ts'
import type { ModelTable } from './tables.ts'

/** Of the productive models that say nothing in words: those that no trigger of a pipeline retrains. */
export async function withoutCriteria(
  db: Reader,
  project: string,
  models: readonly Pick<ModelTable, 'name' | 'productive' | 'retraining'>[],
): Promise<ReadonlySet<string>> {
  const asked = models.filter((model) => model.productive === 1 && model.retraining === null)
  if (asked.length === 0) return new Set()
  const retrained = new Set(
    (await findRetrainers(db, project)).filter(({ triggers }) => triggers.length > 0).map(({ model }) => model),
  )
  return new Set(asked.map((model) => model.name).filter((name) => !retrained.has(name)))
}

/** The sentence for such a model. */
export const noCriteria = (model: string): string =>
  `The policy says that "${model}" is productive, and nothing says when it is retrained. Give a pipeline that registers it a trigger, or state the criteria: \`trivium models policy ${model} --retraining "…"\`.`

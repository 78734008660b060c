import type { Reader } from '../../../kernel/db/index.ts'
import { interpolate } from '../definition/interpolate.ts'
import { newestDefinitions } from '../definition/newest-definitions.ts'

/** A pipeline whose newest version registers versions of a model, with the names of its triggers. */
export interface Retrainer {
  readonly model: string
  readonly pipeline: string
  readonly triggers: readonly string[]
}

/** The pipelines of a project that register versions of models, by step kind `register` with the defaults of its parameters. */
export async function findRetrainers(db: Reader, project: string): Promise<Retrainer[]> {
  const pipelines = await newestDefinitions(db, project, '"kind":"register"')
  return pipelines.flatMap(({ name, definition: { steps, params, triggers } }) => {
    const defaults = Object.fromEntries(params.map((parameter) => [parameter.name, parameter.default]))
    const models = steps
      .filter((step) => step.kind === 'register')
      .map((step) => interpolate(step.with, defaults)['model'])
      .filter((model) => typeof model === 'string')
    return [...new Set(models)].map((model) => ({
      model,
      pipeline: name,
      triggers: triggers.map((trigger) => trigger.name),
    }))
  })
}

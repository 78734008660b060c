import type { PipelineDefinition } from '@trivium/contract'
import type { Reader } from '../../../kernel/db/index.ts'
import { interpolate } from '../definition/interpolate.ts'

/** A pipeline whose newest version registers versions of a model, with the names of its triggers. */
export interface Retrainer {
  readonly model: string
  readonly pipeline: string
  readonly triggers: readonly string[]
}

/** The pipelines of a project that register versions of models, by step kind `register` with the defaults of its parameters. */
export async function findRetrainers(db: Reader, project: string): Promise<Retrainer[]> {
  const rows = await db
    .selectFrom('pipeline')
    .innerJoin('pipeline_version', (join) =>
      join
        .onRef('pipeline_version.project_id', '=', 'pipeline.project_id')
        .onRef('pipeline_version.pipeline', '=', 'pipeline.name')
        .onRef('pipeline_version.version', '=', 'pipeline.latest_version'),
    )
    .select(['pipeline.name', 'pipeline_version.definition'])
    .where('pipeline.project_id', '=', project)
    .where('pipeline_version.definition', 'like', '%"kind":"register"%')
    .orderBy('pipeline.name')
    .execute()
  return rows.flatMap(({ name, definition }) => {
    const { steps, params, triggers } = JSON.parse(definition) as PipelineDefinition
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

import type { PipelineDefinition } from '@trivium/contract'
import type { Reader } from '../../../kernel/db/index.ts'
import { parseSecretReference, type SecretUsers } from '../../secrets/index.ts'
import { newestDefinitions } from '../definition/newest-definitions.ts'

/** References to secrets in the steps of a definition: defining and starting it needs `secret:use`. */
export function secretReferences({ steps }: Pick<PipelineDefinition, 'steps'>): string[] {
  return steps.flatMap((step) => Object.values(step.secrets ?? {}))
}

/** Where pipelines name secrets. */
export function secretUsers(db: Reader): SecretUsers {
  return {
    named: async (project) => {
      const pipelines = await newestDefinitions(db, project, '"secrets":')
      return pipelines.flatMap(({ name: pipeline, definition }) =>
        definition.steps.flatMap((step) =>
          [...new Set(Object.values(step.secrets ?? {}).map((reference) => parseSecretReference(reference).name))].map(
            (secret) => ({ secret, pipeline, step: step.name }),
          ),
        ),
      )
    },
    namedByRun: async (project, run) => {
      const row = await db
        .selectFrom('pipeline_run')
        .innerJoin('pipeline_version', (join) =>
          join
            .onRef('pipeline_version.project_id', '=', 'pipeline_run.project_id')
            .onRef('pipeline_version.pipeline', '=', 'pipeline_run.pipeline')
            .onRef('pipeline_version.version', '=', 'pipeline_run.version'),
        )
        .select('pipeline_version.definition')
        .where('pipeline_run.project_id', '=', project)
        .where('pipeline_run.id', '=', run)
        .executeTakeFirst()
      return row === undefined ? [] : secretReferences(JSON.parse(row.definition) as PipelineDefinition)
    },
  }
}

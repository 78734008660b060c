import type { PipelineDefinition } from '@trivium/contract'
import type { Reader } from '../../../kernel/db/index.ts'

/** The newest definition of each pipeline of a project whose stored text holds `text`, by name. What it holds there is the caller's to look up. */
export async function newestDefinitions(
  db: Reader,
  project: string,
  text: string,
): Promise<{ name: string; definition: PipelineDefinition }[]> {
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
    .where('pipeline_version.definition', 'like', `%${text}%`)
    .orderBy('pipeline.name')
    .execute()
  return rows.map(({ name, definition }) => ({ name, definition: JSON.parse(definition) as PipelineDefinition }))
}

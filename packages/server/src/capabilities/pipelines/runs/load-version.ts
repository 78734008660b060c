import type { PipelineDefinition } from '@trivium/contract'
import type { Reader } from '../../../kernel/db/index.ts'
import { pipelineErrors } from '../errors.ts'
import type { PipelineVersionTable } from '../tables.ts'
import type { LoadedVersion } from './engine.ts'

/** Reads a version's row, of the newest without a number. */
export async function requireVersion(
  db: Reader,
  project: string,
  pipeline: string,
  version?: number,
): Promise<PipelineVersionTable> {
  const query = db
    .selectFrom('pipeline_version')
    .selectAll()
    .where('project_id', '=', project)
    .where('pipeline', '=', pipeline)
  const row = await (version === undefined
    ? query.orderBy('version', 'desc').limit(1)
    : query.where('version', '=', version)
  ).executeTakeFirst()
  if (row) return row
  const known =
    version !== undefined &&
    (await db
      .selectFrom('pipeline')
      .select('name')
      .where('project_id', '=', project)
      .where('name', '=', pipeline)
      .executeTakeFirst())
  throw known ? pipelineErrors.VERSION_NOT_FOUND(pipeline, version) : pipelineErrors.PIPELINE_NOT_FOUND(pipeline)
}

/** A version's row as a run uses it. */
export function versionOf(row: PipelineVersionTable): LoadedVersion {
  return {
    pipeline: row.pipeline,
    version: row.version,
    digest: row.digest,
    definition: JSON.parse(row.definition) as PipelineDefinition,
    files: JSON.parse(row.files) as LoadedVersion['files'],
  }
}

/** Reads a version as a run uses it. */
export async function loadVersion(
  db: Reader,
  project: string,
  pipeline: string,
  version?: number,
): Promise<LoadedVersion> {
  return versionOf(await requireVersion(db, project, pipeline, version))
}

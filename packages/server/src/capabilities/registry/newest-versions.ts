import type { Reader } from '../../kernel/db/index.ts'
import './tables.ts'

/** Which versions are read: those of a model, or of all models of the project. */
export interface NewestVersions {
  readonly model?: string | undefined
  readonly limit: number
}

/** The newest versions of a project or a model, newest first; the caller chooses the columns. */
export function newestVersions(db: Reader, project: string, { model, limit }: NewestVersions) {
  const query = db
    .selectFrom('model_version')
    .where('project_id', '=', project)
    .where('deleted_at', 'is', null)
    .limit(limit)
  return model === undefined
    ? query.orderBy('created_at', 'desc')
    : query.where('model', '=', model).orderBy('version', 'desc')
}

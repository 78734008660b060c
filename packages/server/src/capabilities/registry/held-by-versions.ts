import type { Database } from '../../kernel/db/index.ts'
import { versionUrn } from './read-models.ts'
import './tables.ts'

/** Which of these runs, or of these logged models, versions were registered from: id → URN of the newest such version. Deleted versions do not count. */
export async function heldByVersions(
  { read }: Pick<Database, 'read'>,
  project: string,
  by: 'run_id' | 'logged_model_id',
  ids: readonly string[],
): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map()
  const rows = await read
    .selectFrom('model_version')
    .select([`${by} as id`, 'model', 'version'])
    .where('project_id', '=', project)
    .where(by, 'in', ids)
    .where('deleted_at', 'is', null)
    .orderBy('created_at')
    .execute()
  return new Map(
    rows.flatMap(({ id, model, version }) => (id === null ? [] : [[id, versionUrn(project, model, version)]])),
  )
}

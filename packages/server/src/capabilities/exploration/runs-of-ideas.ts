import { ideaTag } from '@trivium/contract'
import type { Database } from '../../kernel/db/index.ts'
import { urn } from '../../kernel/ids/index.ts'
import './tables.ts'

/** Which of these runs try an idea that nobody has dropped or concluded: run → URN of the idea. */
export async function runsOfIdeas(
  { read }: Pick<Database, 'read'>,
  project: string,
  runs: readonly string[],
): Promise<Map<string, string>> {
  if (runs.length === 0) return new Map()
  const rows = await read
    .selectFrom('run_tag as tag')
    .innerJoin('idea', (join) =>
      join.onRef('idea.project_id', '=', 'tag.project_id').onRef('idea.id', '=', 'tag.value'),
    )
    .select(['tag.run_id as run', 'idea.id'])
    .where('tag.project_id', '=', project)
    .where('tag.run_id', 'in', runs)
    .where('tag.key', '=', ideaTag)
    .where('idea.state', 'in', ['open', 'chosen'])
    .execute()
  return new Map(rows.map(({ run, id }) => [run, urn(project, 'idea', id)]))
}

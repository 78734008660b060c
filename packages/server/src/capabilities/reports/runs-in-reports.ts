import type { Database } from '../../kernel/db/index.ts'
import { parseUrn, urn } from '../../kernel/ids/index.ts'
import { reportUrn } from './read-reports.ts'
import './tables.ts'

/** Which of these runs the newest version of a report names: run → URN of a report. */
export async function runsInReports(
  { read }: Pick<Database, 'read'>,
  project: string,
  runs: readonly string[],
): Promise<Map<string, string>> {
  if (runs.length === 0) return new Map()
  const rows = await read
    .selectFrom('report_mention')
    .select(['thing', 'report_id'])
    .where('project_id', '=', project)
    .where(
      'thing',
      'in',
      runs.map((id) => urn(project, 'run', id)),
    )
    .execute()
  return new Map(rows.map(({ thing, report_id }) => [parseUrn(thing)?.id ?? '', reportUrn(project, report_id)]))
}

import { sql } from 'kysely'
import type { Reader } from '../db/index.ts'

/** Which rows: newest first before a number, or oldest first after one. */
export interface EventListInput {
  readonly project: string
  readonly limit: number
  readonly after?: number | undefined
  readonly before?: number | undefined
  readonly filter: {
    readonly name?: string
    readonly by?: string
    readonly kind?: string
    readonly subject?: string
    readonly from?: number
    readonly to?: number
  }
}

/** Rows of the event table as JSON. */
export async function eventList(
  db: Reader,
  { project, limit, after, before, filter }: EventListInput,
): Promise<string> {
  const { name, by, kind, subject, from, to } = filter
  let select = db
    .selectFrom('event')
    .selectAll()
    .where('project_id', '=', project)
    .where('seq', '>', after ?? 0)
    .orderBy('seq', after === undefined ? 'desc' : 'asc')
    .limit(limit)
  if (before !== undefined) select = select.where('seq', '<', before)
  if (name !== undefined) select = select.where('name', 'in', name.split(','))
  if (by !== undefined) select = select.where('by', '=', by)
  if (kind !== undefined) select = select.where('subject', 'like', `trivium://${project}/${kind}/%`)
  if (subject?.startsWith('trivium://')) select = select.where('subject', '=', subject)
  else if (subject !== undefined)
    select = select.where(sql<boolean>`subject like ${`%${subject.replaceAll(/[\\%_]/g, '\\$&')}%`} escape '\\'`)
  if (from !== undefined) select = select.where('at', '>=', from)
  if (to !== undefined) select = select.where('at', '<', to)
  return JSON.stringify(await select.execute())
}

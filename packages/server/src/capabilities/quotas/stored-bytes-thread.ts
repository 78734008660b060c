import type { Reader } from '../../kernel/db/index.ts'

/** Bytes of the content that a project refers to, each content once, as JSON; runs where it cannot hold up the main thread. */
export async function storedBytes(db: Reader, { project }: { project: string }): Promise<string> {
  const row = await db
    .selectFrom(
      db
        .selectFrom('blob_ref')
        .select(['digest', (e) => e.fn.max('size').as('size')])
        .where('project_id', '=', project)
        .groupBy('digest')
        .as('content'),
    )
    .select((e) => e.fn.sum('size').as('bytes'))
    .executeTakeFirst()
  return JSON.stringify(Number(row?.bytes ?? 0))
}

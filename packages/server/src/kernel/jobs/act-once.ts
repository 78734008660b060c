import type { Reader, Trx } from '../db/index.ts'

declare module '../db/database.ts' {
  interface Tables {
    done_act: { project_id: string; key: string; result: string; at: number }
  }
}

/** Names one act of somebody who may come twice: the same key is the same act, whoever comes with it and however often. */
export interface OnceKey {
  readonly project: string
  readonly key: string
  readonly at: number
}

/**
 * Acts in this transaction unless it was done before under the key; then returns what it gave. Whoever comes while another one acts waits for his commit. `result` must survive JSON.
 * Returns too whether it was done now.
 */
export async function actOnce<T>(
  trx: Trx,
  { project, key, at }: OnceKey,
  act: () => Promise<T>,
): Promise<{ result: T; now: boolean }> {
  const claimed = await trx
    .insertInto('done_act')
    .values({ project_id: project, key, result: 'null', at })
    .onConflict((c) => c.columns(['project_id', 'key']).doNothing())
    .returning('key')
    .executeTakeFirst()
  if (!claimed) {
    const before = await trx
      .selectFrom('done_act')
      .select('result')
      .where('project_id', '=', project)
      .where('key', '=', key)
      .executeTakeFirstOrThrow()
    return { result: JSON.parse(before.result) as T, now: false }
  }
  const result = await act()
  await trx
    .updateTable('done_act')
    .set({ result: JSON.stringify(result ?? null) })
    .where('project_id', '=', project)
    .where('key', '=', key)
    .execute()
  return { result, now: true }
}

/** What an act under a key gave; undefined while it was not done. */
export async function resultOf<T>(db: Reader, { project, key }: Omit<OnceKey, 'at'>): Promise<T | undefined> {
  const row = await db
    .selectFrom('done_act')
    .select('result')
    .where('project_id', '=', project)
    .where('key', '=', key)
    .executeTakeFirst()
  return row && (JSON.parse(row.result) as T)
}

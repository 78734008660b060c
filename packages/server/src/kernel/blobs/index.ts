import type { Reader, Trx } from '../db/index.ts'

export * from './chunk-digests.ts'
export * from './collect-young.ts'
export * from './database-chunks.ts'
export * from './errors.ts'
export * from './hash-content.ts'
export * from './instance-id.ts'
export * from './local-copies.ts'
export * from './parts.ts'
export * from './read-chunks.ts'
export * from './stored-file.ts'
export * from './verified-files.ts'
export * from './verify-content.ts'

declare module '../db/database.ts' {
  interface Tables {
    blob_ref: { project_id: string; digest: string; owner: string; size: number; created_at: number }
  }
}

/**
 * Says, in the owner's transaction, that `owner` (a URN) holds the content. Collection looks at these rows only and so knows no domain.
 * Content is put first and referenced after; what nobody references in the end is garbage.
 */
export async function addBlobRef(
  trx: Trx,
  ref: { project: string; digest: string; owner: string; size: number; at: number },
): Promise<void> {
  await trx
    .insertInto('blob_ref')
    .values({ project_id: ref.project, digest: ref.digest, owner: ref.owner, size: ref.size, created_at: ref.at })
    .onConflict((c) => c.columns(['project_id', 'digest', 'owner']).doNothing())
    .execute()
}

/** Whether anything holds the content. */
export async function isReferred(read: Reader, project: string, digest: string): Promise<boolean> {
  const found = await read
    .selectFrom('blob_ref')
    .select('owner')
    .where('project_id', '=', project)
    .where('digest', '=', digest)
    .limit(1)
    .executeTakeFirst()
  return found !== undefined
}

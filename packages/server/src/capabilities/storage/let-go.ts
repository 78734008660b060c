import type { Kernel } from '../../kernel/kernel.ts'
import './tables.ts'

type Deps = Pick<Kernel, 'db' | 'blobs' | 'clock'>

/** How long somebody who put the same content has to refer to it. */
const asideMs = 2000

/** Whether anything refers to a content, or is about to. */
export const isWanted = async ({ db }: Pick<Deps, 'db'>, project: string, digest: string): Promise<boolean> => {
  for (const table of ['blob_ref', 'upload'] as const) {
    const found = await db.read
      .selectFrom(table)
      .select('project_id')
      .where('project_id', '=', project)
      .where('digest', '=', digest)
      .limit(1)
      .executeTakeFirst()
    if (found) return true
  }
  return false
}

/** Removes contents that nothing refers to any more, now and not when they are collected: they hold what must be gone. They are set aside at once. */
export async function letGoContents(deps: Deps, project: string, digests: readonly string[]): Promise<void> {
  const { blobs, clock } = deps
  const gone = new Set<string>()
  for (const digest of new Set(digests)) if (!(await isWanted(deps, project, digest))) gone.add(digest)
  if (gone.size === 0) return
  // Set aside it is still found, and comes back, for whoever put the same content and is about to refer to it.
  for (const digest of gone) await blobs.setAside(project, digest, clock())
  await new Promise((resolve) => setTimeout(resolve, asideMs).unref())
  for (const digest of gone) if (await isWanted(deps, project, digest)) gone.delete(digest)
  for await (const aside of blobs.listAside())
    if (aside.project === project && gone.has(aside.digest)) await blobs.dropAside(aside)
}

import type { Reader } from '../../kernel/db/index.ts'
import type { AsideContent, BlobStore } from '../../kernel/ports/index.ts'

/** What a collection found and did. */
export interface Counts {
  contents: number
  bytes: number
  young: number
  youngBytes: number
  setAside: number
  setAsideBytes: number
  broughtBack: number
  broughtBackBytes: number
  waiting: number
  waitingBytes: number
  removed: number
  removedBytes: number
  unfinished: number
}

export const noCounts = (): Counts => ({
  contents: 0,
  bytes: 0,
  young: 0,
  youngBytes: 0,
  setAside: 0,
  setAsideBytes: 0,
  broughtBack: 0,
  broughtBackBytes: 0,
  waiting: 0,
  waitingBytes: 0,
  removed: 0,
  removedBytes: 0,
  unfinished: 0,
})

/**
 * Collects what no row of `blob_ref` holds, in two phases. Content in place that is older than the grace is set aside: every read still finds it, and brings it
 * back. What was set aside a grace ago is looked at again: with an owner it comes back, without one it is removed. So content is lost only when somebody holds
 * it for the first time longer than a grace after he put or saw it. Collections at the same time, and writers, do each other no harm (docs/adr/0006).
 */
export async function collect(
  { read, blobs }: { read: Reader; blobs: BlobStore },
  {
    now,
    graceMs,
    dryRun,
    signal,
    progress = async () => {},
  }: {
    now: number
    graceMs: number
    dryRun: boolean
    signal?: AbortSignal
    progress?: (counts: Counts) => Promise<void>
  },
): Promise<Counts> {
  const counts = noCounts()
  const count = (what: 'young' | 'setAside' | 'broughtBack' | 'waiting' | 'removed', size: number): void => {
    counts[what] += 1
    counts[`${what}Bytes`] += size
  }

  // First what is aside, so that what this collection sets aside is not looked at twice.
  for await (const batch of batchesOf(blobs.listAside())) {
    signal?.throwIfAborted()
    const held = await heldOf(read, batch)
    for (const aside of batch) {
      if (held.has(keyOf(aside))) {
        count('broughtBack', aside.size)
        if (!dryRun) await blobs.bringBack(aside)
      } else if (aside.at > now - graceMs) count('waiting', aside.size)
      else if (dryRun || (await isDropped(blobs, aside))) count('removed', aside.size)
      // The place of one project hinders no other; the next collection tries again.
      else count('waiting', aside.size)
    }
    await progress(counts)
  }
  for await (const batch of batchesOf(blobs.list())) {
    signal?.throwIfAborted()
    const held = await heldOf(read, batch)
    for (const content of batch) {
      counts.contents += 1
      counts.bytes += content.size
      if (held.has(keyOf(content))) continue
      if (content.at > now - graceMs) count('young', content.size)
      else {
        count('setAside', content.size)
        if (!dryRun) await blobs.setAside(content.project, content.digest, now)
      }
    }
    await progress(counts)
  }
  if (!dryRun) counts.unfinished = await blobs.dropUnfinished(now - graceMs)
  return counts
}

async function isDropped(blobs: BlobStore, aside: AsideContent): Promise<boolean> {
  try {
    await blobs.dropAside(aside)
    return true
  } catch (error) {
    if ((error as { code?: string }).code !== 'BLOB.PLACE_FAILED') throw error
    return false
  }
}

const keyOf = ({ project, digest }: { project: string; digest: string }): string => `${project} ${digest}`

/** Those of the contents that somebody holds. */
async function heldOf(
  read: Reader,
  contents: readonly { project: string; digest: string }[],
): Promise<ReadonlySet<string>> {
  const held = new Set<string>()
  for (const [project, list] of Map.groupBy(contents, ({ project }) => project)) {
    const rows = await read
      .selectFrom('blob_ref')
      .select('digest')
      .distinct()
      .where('project_id', '=', project)
      .where(
        'digest',
        'in',
        list.map(({ digest }) => digest),
      )
      .execute()
    for (const { digest } of rows) held.add(keyOf({ project, digest }))
  }
  return held
}

async function* batchesOf<T>(items: AsyncIterable<T>): AsyncIterable<T[]> {
  let batch: T[] = []
  for await (const item of items) {
    batch.push(item)
    if (batch.length < 500) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

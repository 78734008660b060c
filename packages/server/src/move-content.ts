import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { instanceId } from './kernel/blobs/index.ts'
import { backupErrors } from './kernel/backup/index.ts'
import type { Config } from './kernel/config/index.ts'
import { systemClock } from './kernel/clock/index.ts'
import { lockDataDirectory } from './kernel/db/index.ts'
import { defineErrors } from './kernel/errors/index.ts'
import { createPlacedIndex } from './kernel/places/index.ts'
import type { BlobStore } from './kernel/ports/index.ts'
import { openDatabase, openDrivers } from './open-drivers.ts'

export const moveErrors = defineErrors('MOVE', {
  SAME: { status: 409, message: (place: string) => `The content is in ${place} already. There is nothing to move.` },
})

/** What a move of content did. */
export interface ContentMove {
  readonly from: string
  readonly to: string
  /** Copied now, and found there already by an earlier move that was cut off. */
  readonly copied: number
  readonly there: number
  readonly bytes: number
  /** What is referred to and not in the new place, with the reason. */
  readonly missing: readonly { readonly project: string; readonly digest: string; readonly why: string }[]
  /** What is to be changed before the server starts. */
  readonly next: string
}

const atOnce = 4
const refsAtOnce = 1000

/**
 * Copies all content of a stopped server into another store, each checked against its digest on the way out and, by the store, on the way in; a move that was cut off goes on
 * where it ended. What projects keep in places of their own is not touched. Everything that a row refers to is then looked for in the new place. The old one stays as it is.
 */
export async function moveContent(
  config: Config,
  storageUrl: string,
  { onProgress = () => {} }: { onProgress?: (what: string) => void } = {},
): Promise<ContentMove> {
  const target: Config = { ...config, storageUrl }
  if (storageUrl === config.storageUrl) throw moveErrors.SAME(placeOf(config))
  if (config.databaseUrl === '' && !existsSync(join(config.data, 'trivium.sqlite')))
    throw backupErrors.NO_DATABASE(config.data)
  const lock = lockDataDirectory(config.data)
  const opened: { close(): Promise<unknown> }[] = []
  try {
    const db = await openDatabase(config, { durable: true })
    opened.push(db)
    const [from, to] = [config, target].map((one) => {
      const drivers = openDrivers(one, { durable: true })
      opened.push(drivers.tables, drivers.scorer)
      return drivers.blobs
    }) as [BlobStore, BlobStore]
    const instance = await instanceId(db)
    await from.own(instance)
    await to.own(instance)
    onProgress('content')
    // What was set aside and is referred to by now would be missed.
    for await (const aside of from.listAside()) await from.bringBack(aside)
    const counts = { copied: 0, there: 0, bytes: 0 }
    const failed = new Map<string, string>()
    const work = from.list()[Symbol.asyncIterator]()
    const worker = async (): Promise<void> => {
      for (let next = await work.next(); !next.done; next = await work.next()) {
        const { project, digest, size } = next.value
        if (await to.has(project, digest)) {
          counts.there += 1
          continue
        }
        try {
          await to.put(project, (await from.open(project, digest)).stream, { expected: digest, size })
          counts.copied += 1
          counts.bytes += size
        } catch (error) {
          const { code, message } = error as { code?: string; message: string }
          // Damaged where it lies: the rest is worth moving, and the end tells of it.
          if (code !== 'BLOB.DAMAGED' && code !== 'BLOB.SIZE_MISMATCH') throw error
          failed.set(`${project} ${digest}`, message)
        }
      }
    }
    await Promise.all(Array.from({ length: atOnce }, worker))
    onProgress('looking whether all is there')
    // What projects keep elsewhere stays there.
    const index = createPlacedIndex({ db, clock: systemClock })
    const missing: { project: string; digest: string; why: string }[] = []
    for await (const { project, digest } of referred(db)) {
      if ((await to.has(project, digest)) || (await index.find(project, digest))) continue
      missing.push({ project, digest, why: failed.get(`${project} ${digest}`) ?? 'it is not in the old place either' })
    }
    return { from: placeOf(config), to: placeOf(target), ...counts, missing, next: nextStep(storageUrl) }
  } finally {
    for (const one of opened) await one.close()
    lock.release()
  }
}

async function* referred(
  db: Awaited<ReturnType<typeof openDatabase>>,
): AsyncGenerator<{ project: string; digest: string }> {
  let after = { project: '', digest: '' }
  for (;;) {
    const rows = await db.read
      .selectFrom('blob_ref')
      .select(['project_id as project', 'digest'])
      .distinct()
      .where((e) =>
        e.or([
          e('project_id', '>', after.project),
          e.and([e('project_id', '=', after.project), e('digest', '>', after.digest)]),
        ]),
      )
      .orderBy('project_id')
      .orderBy('digest')
      .limit(refsAtOnce)
      .execute()
    yield* rows
    const last = rows.at(-1)
    if (rows.length < refsAtOnce || !last) return
    after = last
  }
}

const placeOf = ({ storageUrl, data }: Config): string => storageUrl || join(data, 'blobs')

function nextStep(storageUrl: string): string {
  const change =
    storageUrl === ''
      ? 'Remove storageUrl (TRIVIUM_STORAGE_URL, --storage-url) from the configuration'
      : `Set storageUrl (TRIVIUM_STORAGE_URL or --storage-url) to ${storageUrl}`
  return `${change}, then start the server. When it works, the old place may go.`
}

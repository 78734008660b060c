import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { urn } from '../ids/index.ts'
import { addBlobRef } from '../blobs/index.ts'
import type { Clock } from '../clock/index.ts'
import type { Database, Reader, Trx } from '../db/index.ts'
import type { Logger } from '../logging/index.ts'
import type { BlobStore } from '../ports/index.ts'
import { type Checkpoint, readCheckpoint, signCheckpoint } from './checkpoint.ts'
import { knownKeys, registerKey, type SigningKey } from './signing-key.ts'

declare module '../db/database.ts' {
  interface Tables {
    event_checkpoint: {
      project_id: string
      batch: number
      seq: number
      at: number
      key_id: string
      /** Digest of the signed file in the object store. */
      blob: string
    }
  }
}

/** A checkpoint is due after so many events, or after so long when there is anything new. */
const dueEvents = 1000
const dueMs = 60_000
const lookEveryMs = 5000
const dayMs = 86_400_000

/** Signed checkpoints of every project's chain, outside of the database. */
export interface Checkpoints {
  /** Looks now and every few seconds for chains that are due. */
  start(): void
  /** Signs what is due; with `all` whatever is new. Returns how many were written. */
  write(options?: { all?: boolean }): Promise<number>
  /** What a verification compares with: the newest of the database, of the data directory and of the second place; and a sentence for each that nobody should believe. */
  collect(project: string): Promise<{ checkpoints: Checkpoint[]; problems: string[] }>
  /** Signs what is new and ends. */
  stop(): Promise<void>
}

export function createCheckpoints({
  db,
  clock,
  blobs,
  logger,
  key,
  dataDirectory,
  secondPlace,
  leads = () => true,
}: {
  db: Database
  clock: Clock
  blobs: BlobStore
  logger: Logger
  key: SigningKey
  dataDirectory: string
  /** Another directory for every checkpoint; empty for none. */
  secondPlace: string
  /** Of several servers one signs. */
  leads?: () => boolean
}): Checkpoints {
  const ownPlace = join(dataDirectory, 'checkpoints')
  let timer: NodeJS.Timeout | undefined
  let running: Promise<number> = Promise.resolve(0)

  const writeAll = async (all: boolean): Promise<number> => {
    const standing = await db.read
      .selectFrom('event_chain')
      .selectAll()
      .whereRef('batches', '>', 'checkpoint_batch')
      .execute()
    const due = standing.filter(
      (one) => all || one.events - one.checkpoint_events >= dueEvents || clock() - one.checkpoint_at >= dueMs,
    )
    if (due.length > 0) await registerKey({ db, clock }, key)
    for (const chain of due) {
      const at = clock()
      const { project_id: project, batches: batch, digest, last_seq: seq, events } = chain
      const text = signCheckpoint(key, { project, batch, digest, seq, events, at })
      const content = await blobs.put(project, Buffer.from(text))
      await writeWhole(ownPlace, `${project}.json`, text)
      if (secondPlace !== '')
        await writeWhole(join(secondPlace, project), `${String(batch).padStart(12, '0')}.json`, text)
      await db.write.transaction().execute(async (trx) => {
        await trx
          .insertInto('event_checkpoint')
          .values({ project_id: project, batch, seq, at, key_id: key.keyId, blob: content.digest })
          .onConflict((c) => c.columns(['project_id', 'batch']).doNothing())
          .execute()
        await addBlobRef(trx, {
          project,
          digest: content.digest,
          owner: urn(project, 'checkpoint', String(batch)),
          size: content.size,
          at,
        })
        await dropOlderOfTheDay(trx, project, batch, at)
        await trx
          .updateTable('event_chain')
          .set({ checkpoint_batch: batch, checkpoint_events: events, checkpoint_at: at })
          .where('project_id', '=', project)
          .where('checkpoint_batch', '<', batch)
          .execute()
      })
    }
    return due.length
  }
  /** One at a time. */
  const write = (options?: { all?: boolean }): Promise<number> => {
    running = running.catch(() => 0).then(() => writeAll(options?.all === true))
    return running
  }
  const tryToWrite = async (options?: { all?: boolean }): Promise<unknown> =>
    leads() &&
    write(options).catch((error: unknown) =>
      logger.error({ err: error }, 'checkpoints of the events could not be written; the next look tries again'),
    )

  return {
    start: () => {
      // What a server that was killed has left unsigned.
      void tryToWrite()
      timer = setInterval(() => void tryToWrite(), lookEveryMs)
      timer.unref()
    },
    write,
    collect: (project) => collectCheckpoints({ db: db.read, blobs, key, ownPlace, secondPlace }, project),
    stop: async () => {
      clearInterval(timer)
      await tryToWrite({ all: true })
    },
  }
}

/** A newer checkpoint says all that an older one said; the last of each day stays. The second place keeps every one. */
async function dropOlderOfTheDay(trx: Trx, project: string, batch: number, at: number): Promise<void> {
  const dropped = await trx
    .deleteFrom('event_checkpoint')
    .where('project_id', '=', project)
    .where('batch', '<', batch)
    .where('at', '>=', at - (at % dayMs))
    .returning('batch')
    .execute()
  if (dropped.length === 0) return
  const owners = dropped.map((row) => urn(project, 'checkpoint', String(row.batch)))
  await trx.deleteFrom('blob_ref').where('project_id', '=', project).where('owner', 'in', owners).execute()
}

async function collectCheckpoints(
  {
    db,
    blobs,
    key,
    ownPlace,
    secondPlace,
  }: { db: Reader; blobs: BlobStore; key: SigningKey; ownPlace: string; secondPlace: string },
  project: string,
): Promise<{ checkpoints: Checkpoint[]; problems: string[] }> {
  const keys = await knownKeys(db, key)
  const checkpoints = new Map<string, Checkpoint>()
  const problems: string[] = []
  const take = (text: string, where: string): void => {
    const read = readCheckpoint(text, keys, project)
    if ('problem' in read) problems.push(`The checkpoint in ${where} does not count: ${read.problem}.`)
    else checkpoints.set(`${read.checkpoint.batch}/${read.checkpoint.digest}`, read.checkpoint)
  }
  const newest = await db
    .selectFrom('event_checkpoint')
    .select(['blob', 'batch'])
    .where('project_id', '=', project)
    .orderBy('batch', 'desc')
    .executeTakeFirst()
  if (newest) {
    try {
      take((await blobs.read(project, newest.blob)).toString(), `the object store for batch ${newest.batch}`)
    } catch (error) {
      problems.push(`The checkpoint for batch ${newest.batch} cannot be read: ${(error as Error).message}`)
    }
  }
  const own = await readFile(join(ownPlace, `${project}.json`), 'utf8').catch(() => undefined)
  if (own !== undefined) take(own, 'the data directory')
  if (secondPlace !== '') {
    const folder = join(secondPlace, project)
    const last = (await readdir(folder).catch(() => []))
      .filter((name) => name.endsWith('.json'))
      .toSorted()
      .at(-1)
    if (last !== undefined) take(await readFile(join(folder, last), 'utf8'), `${folder}`)
  }
  return { checkpoints: [...checkpoints.values()], problems }
}

/** Appears whole or not at all, and survives a power failure. */
async function writeWhole(folder: string, name: string, text: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o750 })
  const temporary = join(folder, `.${name}.${process.pid}.new`)
  try {
    const file = await open(temporary, 'w', 0o640)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, join(folder, name))
  } finally {
    await rm(temporary, { force: true })
  }
}

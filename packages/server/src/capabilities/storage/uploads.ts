import type { Readable } from 'node:stream'
import type { Upload, UploadPart } from '@trivium/contract'
import { blobErrors, longestUploadMs } from '../../kernel/blobs/index.ts'
import { asReader, type Reader } from '../../kernel/db/index.ts'
import { AppError } from '../../kernel/errors/index.ts'
import type { RequestQuotas } from '../../kernel/http/index.ts'
import { newId } from '../../kernel/ids/index.ts'
import type { ClaimedJob } from '../../kernel/jobs/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { ContentLink, PartsUpload, WantedParts } from '../../kernel/ports/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { storageErrors } from './errors.ts'
import { letGoContents } from './let-go.ts'
import type { UploadTable } from './tables.ts'

const mib = 1024 * 1024
const smallestPart = 8 * mib
const mostParts = 10_000
/** Uploads of one principal, and of all, that a project has at a time. */
const mostOwn = 32
const mostOfProject = 256
const linkSeconds = 3600
const hourMs = 3_600_000
/** Without a sign of life for so long, another server may finish an upload. */
const finishingMs = 60_000
const jobKind = 'storage.uploads'
const everywhere = '*'

/** Content in parts, for clients whose files are large and whose connections break. */
export interface Uploads {
  /** Begins one, or finds the one that the caller began for the same content. */
  create(scope: Scope, content: { digest: string; size: number }): Promise<Upload>
  /** Begins one whose digest and size nobody knows yet; `target` says what it is for. */
  createFor(scope: Scope, target: string, parts: number): Promise<Upload>
  list(scope: Scope): Promise<Upload[]>
  /** Throws STORAGE.UPLOAD_NOT_FOUND, also for uploads of others and of other projects. */
  get(scope: Scope, id: string): Promise<Upload>
  put(
    scope: Scope,
    id: string,
    part: { number: number; size?: number; digest?: string },
    content: Readable,
  ): Promise<UploadPart>
  /** A request for the store itself; throws BLOB.NO_LINKS. Its bytes are taken from the quotas when it is handed out, where their number is known. */
  link(scope: Scope, id: string, part: { number: number; digest?: string }): Promise<ContentLink>
  /** Verifies the whole and makes it content. A second call finds what the first one did. */
  complete(
    scope: Scope,
    id: string,
    wanted?: { target?: string; etags?: ReadonlyMap<number, string> },
  ): Promise<Upload & { digest: string; size: number }>
  abort(scope: Scope, id: string, target?: string): Promise<void>
  /** What a finished upload of the caller has become; throws STORAGE.UPLOAD_NOT_DONE. */
  requireDone(scope: Scope, id: string): Promise<{ digest: string; size: number }>
  /**
   * Ends a finished upload and removes its content, where nobody holds it and no other upload has become it: for what was kept in another form, and is not to lie
   * about as it came. Resolves when it is gone; it is set aside at once.
   */
  letGo(scope: Scope, id: string): Promise<void>
  /** Ends what has had its time; returns how many. */
  expire(): Promise<number>
  schedule(): Promise<void>
}

export function createUploads(
  { db, clock, jobs, blobs, config, logger }: Pick<Kernel, 'db' | 'clock' | 'jobs' | 'blobs' | 'config' | 'logger'>,
  quotas: Pick<RequestQuotas, 'take' | 'requireStorage'>,
): Uploads {
  const direct = config.storageLinks && config.storageUrl.startsWith('s3:')
  const finishing = new Map<string, Promise<{ digest: string; size: number }>>()

  const find = async (scope: Scope, id: string): Promise<UploadTable> => {
    const row = await db.read
      .selectFrom('upload')
      .selectAll()
      .where('project_id', '=', scope.project)
      .where('by_id', '=', ownerOf(scope))
      .where('id', '=', id)
      .executeTakeFirst()
    if (!row || row.expires_at <= clock()) throw storageErrors.UPLOAD_NOT_FOUND(id)
    return row
  }
  const requireOpen = async (scope: Scope, id: string, number: number): Promise<UploadTable> => {
    const row = await find(scope, id)
    if (row.state !== 'open') throw storageErrors.UPLOAD_CLOSED(id)
    if (number > row.parts) throw storageErrors.NO_SUCH_PART(number, row.parts)
    return row
  }
  const shown = async (row: UploadTable): Promise<Upload> => ({
    id: row.id,
    state: row.state,
    digest: row.digest,
    size: row.size,
    partSize: row.part_size,
    partCount: row.parts,
    parts: row.state === 'open' ? await blobs.parts.list(row.project_id, placeOf(row)) : [],
    direct,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  })
  const remove = async (row: UploadTable): Promise<void> => {
    await blobs.parts.end(row.project_id, placeOf(row))
    await db.write.transaction().execute((trx) => trx.deleteFrom('upload').where('id', '=', row.id).execute())
  }
  const requireRoom = async (reader: Reader, scope: Scope): Promise<void> => {
    const rows = await reader
      .selectFrom('upload')
      .select(['by_id', (e) => e.fn.countAll().as('open')])
      .where('project_id', '=', scope.project)
      .where('state', '!=', 'done')
      .groupBy('by_id')
      .execute()
    const own = Number(rows.find((row) => row.by_id === ownerOf(scope))?.open ?? 0)
    const all = rows.reduce((sum, row) => sum + Number(row.open), 0)
    if (own >= mostOwn || all >= mostOfProject) throw storageErrors.TOO_MANY_UPLOADS(own, all)
  }
  const begin = async (
    scope: Scope,
    what: Pick<UploadTable, 'target' | 'digest' | 'size' | 'part_size' | 'parts'>,
  ): Promise<UploadTable> => {
    const { project } = scope
    await requireRoom(db.read, scope)
    const id = newId('upl')
    const handle = await blobs.parts.begin(project, id)
    const now = clock()
    const row: UploadTable = {
      id,
      project_id: project,
      by_id: ownerOf(scope),
      state: 'open',
      handle,
      ...what,
      finishing_at: null,
      created_at: now,
      expires_at: now + longestUploadMs,
    }
    try {
      await db.write.transaction().execute(async (trx) => {
        await requireRoom(asReader(trx), scope)
        await trx.insertInto('upload').values(row).execute()
      })
    } catch (error) {
      await blobs.parts.end(project, { upload: id, handle })
      throw error
    }
    return row
  }

  /** Takes the work of finishing; false where another server is at it. */
  const claim = async (row: UploadTable): Promise<boolean> => {
    const now = clock()
    const { numUpdatedRows } = await db.write.transaction().execute((trx) =>
      trx
        .updateTable('upload')
        .set({ state: 'finishing', finishing_at: now })
        .where('id', '=', row.id)
        .where((e) =>
          e.or([
            e('state', '=', 'open'),
            e.and([e('state', '=', 'finishing'), e('finishing_at', '<', now - finishingMs)]),
          ]),
        )
        .executeTakeFirst(),
    )
    return numUpdatedRows > 0n
  }
  const note = (id: string, change: Partial<UploadTable>): Promise<unknown> =>
    db.write.transaction().execute((trx) => trx.updateTable('upload').set(change).where('id', '=', id).execute())

  const finish = async (
    scope: Scope,
    row: UploadTable,
    etags: ReadonlyMap<number, string> | undefined,
  ): Promise<{ digest: string; size: number }> => {
    if (!(await claim(row))) throw storageErrors.UPLOAD_BUSY(row.id)
    const alive = setInterval(() => void note(row.id, { finishing_at: clock() }).catch(() => {}), finishingMs / 4)
    const wanted: WantedParts = {
      parts: row.parts,
      ...(row.digest === null ? {} : { digest: row.digest }),
      ...(row.size === null ? {} : { size: row.size }),
      ...(etags ? { etags } : {}),
    }
    try {
      // What went to the store itself was not counted before, because nobody knew how much it would be.
      if (direct && row.size === null) {
        const parts = await blobs.parts.list(row.project_id, placeOf(row))
        const bytes = parts.reduce((sum, part) => sum + part.size, 0)
        await quotas.take(scope, { bytes, stores: true })
      }
      const found = await blobs.parts.finish(row.project_id, placeOf(row), wanted)
      // Until somebody refers to it, content lives as long as the grace of collection.
      const expires = clock() + Math.max(hourMs, Math.min(24, config.storageGrace) * hourMs)
      await note(row.id, { state: 'done', ...found, expires_at: expires })
      await blobs.parts.end(row.project_id, placeOf(row))
      return found
    } catch (error) {
      const code = error instanceof AppError ? error.code : ''
      // These bytes will never be what was announced.
      if (code === 'BLOB.DIGEST_MISMATCH' || code === 'BLOB.SIZE_MISMATCH' || code === 'BLOB.NO_UPLOAD')
        await remove(row)
      else await note(row.id, { state: 'open', finishing_at: null })
      throw error
    } finally {
      clearInterval(alive)
    }
  }

  const expire = async (): Promise<number> => {
    const rows = await db.read
      .selectFrom('upload')
      .selectAll()
      .where('expires_at', '<=', clock())
      .orderBy('expires_at')
      .limit(1000)
      .execute()
    for (const row of rows)
      await remove(row).catch((error: unknown) =>
        logger.error({ err: error, upload: row.id }, 'an upload was not ended'),
      )
    return rows.length
  }
  const enqueueNext = (trx: Parameters<typeof jobs.enqueue>[0]): Promise<string | undefined> =>
    jobs.enqueue(trx, {
      project: everywhere,
      kind: jobKind,
      key: 'schedule',
      input: {},
      notBefore: clock() + hourMs,
    })
  jobs.handle({
    kind: jobKind,
    concurrency: 1,
    background: true,
    handle: async (job: ClaimedJob<Record<string, never>>) => {
      await expire()
      await job.complete(async (trx) => void (await enqueueNext(trx)))
    },
    onFailed: async (trx) => void (await enqueueNext(trx)),
  })

  const uploads: Uploads = {
    create: async (scope, { digest, size }) => {
      const before = await db.read
        .selectFrom('upload')
        .selectAll()
        .where('project_id', '=', scope.project)
        .where('by_id', '=', ownerOf(scope))
        .where('digest', '=', digest)
        .where('size', '=', size)
        .where('target', 'is', null)
        .where('expires_at', '>', clock())
        .orderBy('created_at', 'desc')
        .executeTakeFirst()
      if (before && (before.state !== 'done' || (await blobs.has(scope.project, digest)))) return shown(before)
      await quotas.requireStorage(scope, size)
      const partSize = Math.max(smallestPart, Math.ceil(size / mostParts / mib) * mib)
      const parts = Math.ceil(size / partSize)
      return shown(await begin(scope, { target: null, digest, size, part_size: partSize, parts }))
    },
    createFor: async (scope, target, parts) => {
      if (parts < 1 || parts > mostParts) throw storageErrors.NO_SUCH_PART(parts, mostParts)
      return shown(await begin(scope, { target, digest: null, size: null, part_size: null, parts }))
    },
    list: async (scope) => {
      const rows = await db.read
        .selectFrom('upload')
        .selectAll()
        .where('project_id', '=', scope.project)
        .where('by_id', '=', ownerOf(scope))
        .where('expires_at', '>', clock())
        .orderBy('created_at', 'desc')
        .limit(100)
        .execute()
      return Promise.all(rows.map(shown))
    },
    get: async (scope, id) => shown(await find(scope, id)),
    put: async (scope, id, { number, size: told, digest }, content) => {
      try {
        const row = await requireOpen(scope, id, number)
        const size = sizeOf(row, number) ?? told
        if (size === undefined) throw storageErrors.NO_LENGTH()
        if (told !== undefined && told !== size) throw blobErrors.SIZE_MISMATCH(size, told)
        const last = number === row.parts
        return await blobs.parts.put(
          scope.project,
          placeOf(row),
          { number, last, size, ...(digest === undefined ? {} : { digest }) },
          content,
        )
      } catch (error) {
        // The rest is read and dropped, so that the client gets to read why.
        content.resume()
        throw error
      }
    },
    link: async (scope, id, { number, digest }) => {
      const row = await requireOpen(scope, id, number)
      const size = sizeOf(row, number)
      const link = blobs.parts.link(scope.project, placeOf(row), {
        number,
        seconds: linkSeconds,
        ...(size === undefined ? {} : { size }),
        ...(digest === undefined ? {} : { digest }),
      })
      if (!link) throw blobErrors.NO_LINKS()
      if (size !== undefined) await quotas.take(scope, { bytes: size, stores: true })
      return link
    },
    complete: async (scope, id, { target, etags } = {}) => {
      const row = await find(scope, id)
      if ((row.target ?? undefined) !== target) throw storageErrors.UPLOAD_NOT_FOUND(id)
      if (row.state !== 'done') {
        const work = finishing.get(id) ?? finish(scope, row, etags).finally(() => finishing.delete(id))
        finishing.set(id, work)
        await work
      }
      const done = await find(scope, id)
      if (done.digest === null || done.size === null) throw storageErrors.UPLOAD_NOT_DONE(id)
      return { ...(await shown(done)), digest: done.digest, size: done.size }
    },
    abort: async (scope, id, target) => {
      const row = await find(scope, id)
      if (target !== undefined && row.target !== target) throw storageErrors.UPLOAD_NOT_FOUND(id)
      if (row.state === 'finishing' && finishing.has(id)) throw storageErrors.UPLOAD_BUSY(id)
      await remove(row)
    },
    requireDone: async (scope, id) => {
      const { state, digest, size } = await find(scope, id)
      if (state !== 'done' || digest === null || size === null) throw storageErrors.UPLOAD_NOT_DONE(id)
      return { digest, size }
    },
    letGo: async (scope, id) => {
      const row = await find(scope, id)
      const { digest } = row
      await remove(row)
      if (digest !== null) await letGoContents({ db, blobs, clock }, scope.project, [digest])
    },
    expire,
    schedule: async () => void (await db.write.transaction().execute(enqueueNext)),
  }
  return uploads
}

const ownerOf = ({ principal }: Scope): string => principal.onBehalfOf ?? principal.id
const placeOf = ({ id, handle }: UploadTable): PartsUpload => ({ upload: id, handle })

/** How many bytes a part has, where the whole is known. */
function sizeOf(row: UploadTable, number: number): number | undefined {
  if (row.size === null || row.part_size === null) return undefined
  return Math.min(row.part_size, row.size - (number - 1) * row.part_size)
}

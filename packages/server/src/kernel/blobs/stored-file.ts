import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { blobErrors } from './errors.ts'
import type { Damage } from './verify-content.ts'

const pieceBytes = 512 * 1024

/** Bytes of a local file. `check`: they are the whole of this content, and the last piece leaves only after their digest was found right. */
export interface StoredFile {
  readonly path: string
  readonly start: number
  readonly size: number
  readonly check?: {
    readonly project: string
    readonly digest: string
    onDamaged(damage: Damage): void | Promise<void>
  }
}

/** A stream of a stored file. No reader ever has the whole of damaged content: the stream fails with BLOB.DAMAGED before its last piece. */
export const readStoredFile = (file: StoredFile): Readable => new StoredFileStream(file)

/**
 * A large answer is most of all copies. To a response of HTTP the file is therefore written from two buffers that take turns, one being filled while the other leaves; every
 * other reader gets buffers of his own.
 */
class StoredFileStream extends Readable {
  readonly #stored: StoredFile
  readonly #hash
  #file: Promise<FileHandle> | undefined
  #at = 0

  constructor(stored: StoredFile) {
    super({ highWaterMark: 1 })
    this.#stored = stored
    this.#hash = stored.check && createHash('sha256')
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    void this.#close().then(done.bind(undefined, error))
  }

  /** Of a file that could not be opened the reader has heard. */
  async #close(): Promise<void> {
    const file = await this.#file?.catch(() => undefined)
    await file?.close().catch(() => {})
  }

  override _read(): void {
    this.#fill(Buffer.allocUnsafeSlow(this.#nextBytes())).then(
      (bytes) => this.push(bytes.length === 0 ? null : bytes),
      (error: Error) => this.destroy(error),
    )
  }

  override pipe<T extends NodeJS.WritableStream>(to: T, options?: { end?: boolean }): T {
    if (!(to instanceof ServerResponse) || options?.end === false) return super.pipe(to, options)
    this.#pour(to).catch((error: Error) => this.destroy(error))
    return to
  }

  async #pour(to: ServerResponse): Promise<void> {
    let [buffer, other] = [Buffer.allocUnsafeSlow(this.#nextBytes()), Buffer.allocUnsafeSlow(this.#nextBytes())]
    let leaving = Promise.resolve()
    for (;;) {
      const bytes = await this.#fill(buffer)
      await leaving
      if (bytes.length === 0) break
      leaving = this.#write(to, bytes)
      // Its failure is that of the next piece, or of the end.
      leaving.catch(() => {})
      ;[buffer, other] = [other, buffer]
    }
    to.end()
    this.push(null)
    this.resume()
  }

  /** Resolves when the bytes are no longer needed. */
  #write(to: ServerResponse, bytes: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      const gone = (): void => reject(new Error('The reader went away.'))
      if (this.destroyed) return gone()
      this.once('close', gone)
      to.write(bytes, (error) => {
        this.off('close', gone)
        if (error) reject(error)
        else resolve()
      })
    })
  }

  #nextBytes(): number {
    return Math.min(pieceBytes, this.#stored.size - this.#at)
  }

  /** The next bytes, none at the end. */
  async #fill(buffer: Buffer): Promise<Buffer> {
    const { start, size, check } = this.#stored
    const wanted = this.#nextBytes()
    if (wanted === 0) {
      if (size === 0) await this.#verify()
      return buffer.subarray(0, 0)
    }
    this.#file ??= open(this.#stored.path)
    const { bytesRead } = await (await this.#file).read(buffer, 0, wanted, start + this.#at)
    const bytes = buffer.subarray(0, bytesRead)
    this.#hash?.update(bytes)
    this.#at += bytesRead
    // A file that became shorter ends here too; its digest says so.
    if (bytesRead === 0) {
      if (check) await this.#verify()
      throw new Error(`${this.#stored.path} became shorter while it was read.`)
    }
    if (this.#at === size) await this.#verify()
    return bytes
  }

  async #verify(): Promise<void> {
    const { check } = this.#stored
    if (!check || !this.#hash) return
    const { project, digest } = check
    const found = this.#hash.digest('hex')
    if (found === digest) return
    const damage: Damage = { project, digest, why: `its bytes have digest ${found.slice(0, 12)}…` }
    await Promise.resolve(check.onDamaged(damage)).catch(() => {})
    throw blobErrors.DAMAGED(digest, damage.why)
  }
}

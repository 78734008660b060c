import { createHash, randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Damage } from '../blobs/index.ts'
import type { Database } from '../db/index.ts'
import { describeBlobStore, memoryChunks } from '../ports/blob-store.conformance.ts'
import type { BlobStore, ContentPlace, PlacedKey } from '../ports/index.ts'
import { createPlacedBlobs } from './placed-blobs.ts'
import { createPlacedIndex } from './placed-index.ts'
import { tryPlace } from './try-place.ts'

/** A kind of place under test. */
export interface PlaceUnderTest {
  /** The place of a project; called again it is another client of the same place. */
  place(project: string): ContentPlace
  /** Replaces stored bytes behind the back of everybody. */
  overwrite(project: string, at: PlacedKey, bytes: Buffer): Promise<void>
  /** Everything that lies there for a project but the mark of the owner. */
  residue(project: string): Promise<string[]>
}

/** What every kind of place must do: by itself, and as the store of a project, which passes the suite of all stores. */
export function describePlace(
  name: string,
  {
    db,
    ownStore,
    place,
    huge = 20 * 1024 * 1024,
  }: {
    db: () => Database
    /** The own store of an instance, in a directory. */
    ownStore: (root: string, chunks: ReturnType<typeof memoryChunks>) => BlobStore
    place: () => PlaceUnderTest
    huge?: number
  },
): void {
  let folder: string
  let own: BlobStore
  let blobs: BlobStore
  let stores = 0
  const chunks = memoryChunks()
  const damages: Damage[] = []
  const opened: ContentPlace[] = []
  const open = (project: string): ContentPlace => {
    const one = place().place(project)
    opened.push(one)
    return one
  }
  const create = (): BlobStore => {
    const known = new Map<string, ContentPlace>()
    const openPlace = (project: string) => {
      const found = known.get(project) ?? open(project)
      known.set(project, found)
      return { id: `plc_${project}`, project, address: `${name} of the test`, place: found }
    }
    stores += 1
    return createPlacedBlobs({
      own,
      places: {
        current: async (project) => openPlace(project),
        any: async () => true,
        find: async (project) => openPlace(project),
        changed: () => {},
      },
      index: createPlacedIndex({ db: db(), clock: Date.now }),
      chunks,
      copies: { root: join(folder, `copies-${stores}`), maxBytes: 2 ** 30 },
      onDamaged: (damage) => void damages.push(damage),
      isReferred: async () => false,
      pauseMs: 5,
    })
  }
  const keyOf = async (project: string, digest: string): Promise<PlacedKey> => {
    const found = await createPlacedIndex({ db: db(), clock: Date.now }).find(project, digest)
    if (!found) throw new Error(`${digest} is in no place.`)
    return found
  }
  const ownFiles = (project: string): string[] => {
    try {
      return readdirSync(join(folder, 'own', project), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => entry.name)
    } catch {
      return []
    }
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'trivium-places-'))
    own = ownStore(join(folder, 'own'), chunks)
    blobs = create()
    await blobs.own('this-instance')
  })
  afterAll(async () => {
    for (const one of opened) await one.close()
    await rm(folder, { recursive: true, force: true })
  })

  describeBlobStore(`a project's content in ${name}`, {
    huge,
    store: () => ({
      blobs,
      damages,
      chunks,
      reopen: async () => create(),
      overwrite: async (project, digest, bytes) => place().overwrite(project, await keyOf(project, digest), bytes),
      residue: async (project) => [...(await place().residue(project)), ...ownFiles(project)],
    }),
  })

  describe(`a place in ${name}`, () => {
    const address = `${name} of the test`
    test('it is tried by writing, reading and removing, and then belongs to the instance', async () => {
      await tryPlace(open('tried'), { instance: 'this-instance', address, folder })
      await tryPlace(open('tried'), { instance: 'this-instance', address, folder })
      expect(await open('tried').owner()).toBe('this-instance')
      expect(await place().residue('tried')).toEqual([])
      await expect(tryPlace(open('tried'), { instance: 'another', address, folder })).rejects.toMatchObject({
        code: 'BLOB.FOREIGN',
        message: expect.stringContaining('belongs to instance this-instance, and this is another'),
      })
      expect(await open('nobodys').owner()).toBeUndefined()
    })

    test('a fresh one lies beside the usual one: removing one leaves the other', async () => {
      const bytes = randomBytes(10_000)
      const digest = createHash('sha256').update(bytes).digest('hex')
      const path = join(folder, 'fresh')
      await writeFile(path, bytes)
      const one = open('fresh')
      const content = { digest, size: bytes.length, path }
      const [usual, fresh] = [await one.put(content, { fresh: false }), await one.put(content, { fresh: true })]
      expect(fresh).not.toBe(usual)
      expect(await one.put(content, { fresh: false })).toBe(usual)
      await one.delete({ key: usual, size: bytes.length })
      await one.delete({ key: usual, size: bytes.length })
      expect(await one.get({ key: usual, size: bytes.length })).toBeUndefined()
      const stream = await one.get({ key: fresh, size: bytes.length })
      expect(stream && (await buffer(stream)).equals(bytes)).toBe(true)
    })

    test('content that came in parts is in the place, and nowhere else', async () => {
      const bytes = randomBytes(300_000)
      const at = { upload: `upl_${randomBytes(6).toString('hex')}`, handle: '' }
      at.handle = await blobs.parts.begin('parts', at.upload)
      const part = async (number: number, piece: Buffer, last: boolean) => {
        const { Readable } = await import('node:stream')
        await blobs.parts.put('parts', at, { number, last, size: piece.length }, Readable.from([piece]))
      }
      await part(2, bytes.subarray(200_000), true)
      await part(1, bytes.subarray(0, 200_000), false)
      const digest = createHash('sha256').update(bytes).digest('hex')
      const wanted = { parts: 2, digest, size: bytes.length }
      expect(await blobs.parts.finish('parts', at, wanted)).toEqual({ digest, size: bytes.length })
      // The answer was lost, and somebody asks again.
      expect(await blobs.parts.finish('parts', at, wanted)).toEqual({ digest, size: bytes.length })
      await blobs.parts.end('parts', at)
      expect((await create().read('parts', digest)).equals(bytes)).toBe(true)
      expect(ownFiles('parts')).toEqual([])
      expect((await place().residue('parts')).length).toBe(1)
    })
  })
}

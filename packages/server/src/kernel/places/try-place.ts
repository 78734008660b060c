import { createHash, randomBytes } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { blobErrors } from '../blobs/index.ts'
import { type ContentPlace, PlaceFailure } from '../ports/index.ts'

const size = 4096

/** Marks a place as ours, then writes a small content there, reads it whole and in part, and removes it. Throws BLOB.FOREIGN, and what the place throws. */
export async function tryPlace(
  place: ContentPlace,
  { instance, address, folder }: { instance: string; address: string; folder: string },
): Promise<void> {
  const owner = await place.owner()
  if (owner === undefined) await place.claim(instance)
  else if (owner !== instance)
    throw blobErrors.FOREIGN(address, `belongs to instance ${owner}, and this is ${instance}`)
  const bytes = randomBytes(size)
  const digest = createHash('sha256').update(bytes).digest('hex')
  const path = join(folder, `place-${digest.slice(0, 16)}`)
  await writeFile(path, bytes)
  try {
    const at = { key: await place.put({ digest, size, path }, { fresh: false }), size }
    for (const range of [undefined, { start: 1000, end: 2999 }]) {
      const stream = await place.get(at, range)
      const wanted = range ? bytes.subarray(range.start, range.end + 1) : bytes
      if (!stream || !(await buffer(stream)).equals(wanted))
        throw new PlaceFailure(`it gave back other bytes than it was given${range ? ' when asked for a part' : ''}.`)
    }
    await place.delete(at)
    const left = await place.get(at)
    if (!left) return
    left.destroy()
    throw new PlaceFailure('content that was removed is still there.')
  } finally {
    await rm(path, { force: true })
  }
}

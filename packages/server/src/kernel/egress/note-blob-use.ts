import type { BlobStore } from '../ports/index.ts'

/** Failures of the store itself; content that is not there or was refused says nothing about the connection. */
const ofTheStore = new Set(['BLOB.UNAVAILABLE', 'BLOB.REFUSED', 'BLOB.NO_BUCKET'])

/** The same store; how each call to it ended is said to `note`. */
export function noteBlobUse(blobs: BlobStore, note: (failure: string | null) => void): BlobStore {
  const seen = async <T>(work: Promise<T>): Promise<T> => {
    try {
      const result = await work
      note(null)
      return result
    } catch (error) {
      if (ofTheStore.has((error as { code?: string }).code ?? '')) note((error as Error).message)
      throw error
    }
  }
  return {
    ...blobs,
    put: (...args) => seen(blobs.put(...args)),
    open: (...args) => seen(blobs.open(...args)),
    read: (...args) => seen(blobs.read(...args)),
    has: (...args) => seen(blobs.has(...args)),
    delete: (...args) => seen(blobs.delete(...args)),
  }
}

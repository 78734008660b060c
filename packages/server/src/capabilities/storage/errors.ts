import { defineErrors } from '../../kernel/errors/index.ts'

export const storageErrors = defineErrors('STORAGE', {
  COLLECTION_NOT_FOUND: { status: 404, message: (id: string) => `Collection "${id}" does not exist.` },
  COLLECTING: {
    status: 409,
    message: (id: string) =>
      `Collection ${id} is not finished yet. One works at a time; look at it, or wait for its end.`,
  },
  SCRUBBING: {
    status: 409,
    message: (id: string) => `Check ${id} is not finished yet. One works at a time; wait for its end.`,
  },
  CONTENT_NOT_FOUND: {
    status: 404,
    message: (digest: string) => `Nothing in this project holds content ${digest.slice(0, 12)}…, and it is not stored.`,
  },
})

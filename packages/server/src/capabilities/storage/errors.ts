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
  BAD_PLACE: { status: 422, message: (place: string, why: string) => `${place} cannot be a place for content: ${why}` },
  PLACE_UNUSABLE: {
    status: 422,
    message: (place: string, why: string) => `${place} cannot be used: ${why} Nothing was changed.`,
  },
  NO_PLACE: {
    status: 404,
    message: (project: string) =>
      `Project "${project}" keeps what is new in the instance's own object store; no other place is chosen.`,
  },
  TESTED_TOO_OFTEN: {
    status: 429,
    message: (seconds: number) => `Places are tried six times a minute at most. Try again in ${seconds} s.`,
  },
  UPLOAD_NOT_FOUND: {
    status: 404,
    message: (id: string) =>
      `You have no upload "${id}" in this project. It was finished and forgotten, it has expired, or it never was; begin again.`,
  },
  UPLOAD_CLOSED: { status: 409, message: (id: string) => `Upload ${id} takes no more parts: it is being finished.` },
  UPLOAD_NOT_DONE: {
    status: 409,
    message: (id: string) => `Upload ${id} is not complete. Send what is missing and complete it first.`,
  },
  UPLOAD_BUSY: {
    status: 503,
    message: (id: string) => `Upload ${id} is being finished by another request. Ask again in a few seconds.`,
  },
  NO_SUCH_PART: {
    status: 400,
    message: (number: number, parts: number) => `There is no part ${number}; parts are numbered from 1 to ${parts}.`,
  },
  NO_LENGTH: { status: 411, message: () => 'Say how long the part is: Content-Length.' },
  TOO_MANY_UPLOADS: {
    status: 409,
    message: (own: number, all: number) =>
      `${own} of your uploads and ${all} of this project are not finished. Complete or abort one of them, then begin the next.`,
  },
})

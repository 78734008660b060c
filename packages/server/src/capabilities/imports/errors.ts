import { defineErrors } from '../../kernel/errors/index.ts'

export const importErrors = defineErrors('IMPORTS', {
  NOT_FOUND: { status: 404, message: (id: string) => `There is no import ${id} in this project.` },
  FINISHED: {
    status: 409,
    message: (id: string) => `The import ${id} is finished. Begin another one of the same source to bring what is new.`,
  },
  BUSY: {
    status: 429,
    message: (seconds: number) =>
      `The server takes in as much as it can of imports. Nothing of this batch was taken; send it again in ${seconds} s.`,
    details: (seconds: number) => ({ retryAfter: seconds }),
  },
  UNEVEN_SERIES: {
    status: 400,
    message: (key: string, run: string) =>
      `Steps, timestamps and values of metric "${key}" of run ${run} are not equally many. Send one of each for every point.`,
  },
  TOO_MANY_POINTS: {
    status: 400,
    message: (count: number, most: number) =>
      `The batch has ${count} points and may have ${most}. Send them in several batches.`,
  },
  NUL: {
    status: 400,
    message: (where: string) => `${where} holds a NUL character, which no database keeps. Leave it out.`,
  },
  DIGEST_DIFFERS: {
    status: 400,
    message: (path: string) => `The bytes of "${path}" are not those that the digest names. Send the file again.`,
  },
  RUN_NOT_IMPORTED: {
    status: 409,
    message: (owner: string) => `${owner} is not in this project. Send it before its files.`,
  },
  BAD_PAGE_TOKEN: { status: 400, message: () => 'The page token is not one that this list returned.' },
})

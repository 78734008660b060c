import { defineErrors } from '../../kernel/errors/index.ts'

export const reportErrors = defineErrors('REPORTS', {
  NOT_FOUND: { status: 404, message: (id: string) => `There is no report "${id}" in this project.` },
  VERSION_NOT_FOUND: {
    status: 404,
    message: (id: string, version: number) => `The report "${id}" has no version ${version}.`,
  },
  CHANGED: {
    status: 409,
    message: (after: number, version: number, name: string) =>
      `${name} saved version ${version} after version ${after}, which you edited. Read it, then save yours after it.`,
  },
  TOO_MANY: { status: 422, message: (most: number) => `A project has at most ${most} reports. Delete one first.` },
  TOO_MANY_VERSIONS: {
    status: 422,
    message: (most: number) => `A report has at most ${most} versions. Make a new one of its text.`,
  },
  TOO_MANY_COMMENTS: { status: 422, message: (most: number) => `A report has at most ${most} comments.` },
  NO_PASSAGE: {
    status: 400,
    message: (version: number, passage: number) =>
      `Version ${version} of the report has no passage ${passage} that a comment can be about. Read it again.`,
  },
  COMMENT_NOT_FOUND: { status: 404, message: (id: string) => `There is no comment "${id}" on this report.` },
  BAD_PANEL: { status: 400, message: (what: string) => `This panel cannot be read: ${what}` },
  BAD_PAGE_TOKEN: { status: 400, message: () => 'The page token is not one that this list returned.' },
})

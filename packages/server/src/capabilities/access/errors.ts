import { defineErrors } from '../../kernel/errors/index.ts'

export const capabilityErrors = defineErrors('ACCESS', {
  PROJECT_EXISTS: { status: 409, message: (name: string) => `Project "${name}" exists already.` },
  NAME_TAKEN: { status: 409, message: (name: string) => `"${name}" is taken by a person or service account.` },
  PRINCIPAL_NOT_FOUND: { status: 404, message: (id: string) => `Nobody has the id or name "${id}".` },
  TOKEN_NOT_FOUND: { status: 404, message: (id: string) => `There is no token "${id}" that you may manage.` },
  UNKNOWN_ROLE: { status: 400, message: (role: string) => `There is no role "${role}".` },
  ROLE_NOT_HELD: {
    status: 404,
    message: (name: string, role: string, project: string) =>
      `"${name}" does not hold the role ${role} in project "${project}".`,
  },
  NOT_A_SERVICE_ACCOUNT: {
    status: 403,
    message: (name: string, project: string) =>
      `"${name}" is no service account of project "${project}". People make their own tokens.`,
  },
  SERVICE_CANNOT_LOG_IN: {
    status: 400,
    message: (name: string) => `"${name}" is a service account; it works with tokens, not with a browser.`,
  },
  NARROWED: {
    status: 403,
    message: () =>
      'The token belongs to one project or holds fewer permissions than its account, so it makes no login link. Use a session or a token of all projects.',
  },
  RUN_MAKES_NO_TOKEN: {
    status: 403,
    message: () => 'The token of a pipeline run makes no other tokens. Make one under Settings, Tokens.',
  },
  LINK_SPENT: {
    status: 410,
    message: () => 'This login link was used or is older than five minutes. Make a new one with `trivium open`.',
  },
})

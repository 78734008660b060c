import { defineErrors } from '../../kernel/errors/index.ts'

export const capabilityErrors = defineErrors('ACCESS', {
  PROJECT_EXISTS: { status: 409, message: (name: string) => `Project "${name}" exists already.` },
  NAME_TAKEN: { status: 409, message: (name: string) => `"${name}" is taken by a person or service account.` },
  PRINCIPAL_NOT_FOUND: { status: 404, message: (id: string) => `Nobody has the id or name "${id}".` },
  TOKEN_NOT_FOUND: { status: 404, message: (id: string) => `There is no token "${id}" that you may manage.` },
  UNKNOWN_ROLE: { status: 400, message: (role: string) => `There is no role "${role}".` },
  LINK_SPENT: { status: 410, message: () => 'This login link was used or is older than five minutes. Make a new one with `trivium open`.' },
})

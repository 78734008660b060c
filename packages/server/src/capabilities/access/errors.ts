import { defineErrors } from '../../kernel/errors/index.ts'

export const capabilityErrors = defineErrors('ACCESS', {
  PROJECT_EXISTS: { status: 409, message: (name: string) => `Project "${name}" exists already.` },
  NAME_TAKEN: { status: 409, message: (name: string) => `"${name}" is taken by a person or service account.` },
  PRINCIPAL_NOT_FOUND: { status: 404, message: (id: string) => `Nobody has the id or name "${id}".` },
  TOKEN_NOT_FOUND: { status: 404, message: (id: string) => `There is no token "${id}" that you may manage.` },
  UNKNOWN_ROLE: {
    status: 400,
    message: (role: string) => `There is no role "${role}" here. See Settings, Roles, or \`trivium role list\`.`,
  },
  ROLE_OF_PROGRAM: {
    status: 409,
    message: (name: string) => `The role ${name} belongs to the program and stays as it is. Choose another name.`,
  },
  NOT_IN_A_ROLE: {
    status: 400,
    message: (permission: string) => `${permission} is held by administrators of the instance and is in no role.`,
  },
  LENT: {
    status: 403,
    message: (permission: string) =>
      `You hold ${permission} by break-glass only. It is yours to use until that ends, not to give.`,
  },
  SEPARATED: {
    status: 409,
    message: (name: string, first: string, second: string, project: string) =>
      `"${name}" would hold both ${first} and ${second} in project "${project}", which a rule of separation of duties forbids. Take the other away first, or change the rule.`,
  },
  BAD_RULE: { status: 400, message: (why: string) => why },
  GROUP_NOT_FOUND: {
    status: 404,
    message: (name: string) => `There is no group "${name}". An administrator of the instance makes it.`,
  },
  GROUP_ROLE_NOT_HELD: {
    status: 404,
    message: (name: string, role: string, project: string) =>
      `The group "${name}" does not hold the role ${role} in project "${project}".`,
  },
  NOT_A_MEMBER: {
    status: 404,
    message: (name: string, group: string) => `Nobody put "${name}" into the group "${group}".`,
  },
  ROTATED_ALREADY: {
    status: 409,
    message: (id: string) => `The token was replaced by ${id} or has ended. Rotate that one.`,
  },
  GLASS_FOR_PEOPLE: {
    status: 403,
    message: () =>
      'Break-glass is for people: sign in, or use a token of all projects with all permissions of the account.',
  },
  GLASS_BROKEN: {
    status: 409,
    message: (until: string) => `You hold an administrator's permissions here already, until ${until}.`,
  },
  GLASS_NOT_FOUND: { status: 404, message: (id: string) => `There is no break-glass "${id}" here that is not over.` },
  GLASS_NOT_YOURS: {
    status: 403,
    message: () => 'It is ended by whoever took it or by an administrator of the project.',
  },
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
  NOT_ONESELF_ERASED: {
    status: 409,
    message: () => 'Nobody erases his own account. Ask another administrator of the instance.',
  },
  LINK_SPENT: {
    status: 410,
    message: () => 'This login link was used or is older than five minutes. Make a new one with `trivium open`.',
  },
})

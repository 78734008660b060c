import { defineErrors } from '../../kernel/errors/index.ts'

export const inboxErrors = defineErrors('INBOX', {
  ITEM_NOT_FOUND: { status: 404, message: (id: string) => `There is no inbox item "${id}" in this project.` },
  ALREADY_DECIDED: {
    status: 409,
    message: (by: string, option: string) => `${by} has decided this already: ${option}.`,
  },
  WITHDRAWN: { status: 409, message: () => 'This was withdrawn; there is nothing to decide any more.' },
  UNKNOWN_OPTION: {
    status: 400,
    message: (option: string, known: string) => `"${option}" is not one of the options: ${known}.`,
  },
  REASON_NEEDED: { status: 400, message: (label: string) => `"${label}" needs a reason.` },
  NOT_ASSIGNED: {
    status: 403,
    message: (name: string) =>
      `It is assigned to ${name}. Assign it to yourself first (\`trivium inbox assign\`), or leave it to ${name}.`,
  },
  ASSIGNEE_UNKNOWN: {
    status: 400,
    message: (name: string) =>
      `There is no person or service account "${name}" in this project. \`trivium people list\` names who there is.`,
  },
  ASSIGNEE_MAY_NOT: {
    status: 400,
    message: (name: string, permission: string) =>
      `"${name}" cannot decide this: it needs ${permission}. Assign it to somebody with the role approver, or change the role.`,
  },
  ASSIGNEE_IS_AUTHOR: {
    status: 400,
    message: (name: string) => `"${name}" cannot decide this: it is his own work. Assign it to somebody else.`,
  },
  NOT_OPEN: { status: 409, message: (state: string) => `This is ${state} already; it cannot be assigned any more.` },
  OWN_WORK: {
    status: 403,
    message: () => 'Nobody decides about his own work. Somebody else with the permission has to.',
  },
})

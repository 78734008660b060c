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
  OWN_WORK: {
    status: 403,
    message: () => 'Nobody decides about his own work. Somebody else with the permission has to.',
  },
})

import { defineErrors } from '../../../kernel/errors/index.ts'

export const signInErrors = defineErrors('SIGN_IN', {
  SESSION_NOT_FOUND: { status: 404, message: (id: string) => `There is no session "${id}" that you may end.` },
  NARROWED: {
    status: 403,
    message: () =>
      'The token belongs to one project or holds fewer permissions than its account, so it manages no sessions. Use a session or a token of all projects.',
  },
  SESSION_IDLE: {
    status: 401,
    message: (hours: number) => `The session was not used for ${hours} hours and has ended. Sign in again.`,
  },
})

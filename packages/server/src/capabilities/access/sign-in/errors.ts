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
  NO_PROVIDER: {
    status: 404,
    message: () => 'This server has no identity provider. An administrator can set oidcIssuer.',
  },
  PROVIDER_UNREACHABLE: {
    status: 502,
    message: (issuer: string) =>
      `The identity provider ${issuer} does not answer as it should. The server log says why.`,
  },
  PROVIDER_REFUSED: {
    status: 403,
    message: () => 'The answer of the identity provider does not hold. Begin again at the login page.',
  },
  SIGN_IN_EXPIRED: {
    status: 403,
    message: () => 'This sign-in was not begun in this browser within ten minutes. Begin again at the login page.',
  },
  NOT_INVITED: {
    status: 403,
    message: () =>
      'The identity provider knows you, but nobody has given you access here. Ask an administrator for an invitation.',
  },
  ACCOUNT_DISABLED: { status: 403, message: () => 'This account is disabled. An administrator can say why.' },
  NOT_FRESH: {
    status: 403,
    message: () => 'Sign out and in again, then add the identity provider within 15 minutes.',
  },
  NOT_ONESELF: { status: 409, message: () => 'Nobody disables his own account. Ask another administrator.' },
  IDENTITY_TAKEN: {
    status: 409,
    message: () => 'Somebody else signs in here with this account of the identity provider.',
  },
  BAD_LOGOUT_TOKEN: { status: 400, message: (why: string) => `The logout token does not hold: ${why}.` },
  NO_PASSWORDS: {
    status: 404,
    message: () => 'This server takes no passwords. An administrator can allow them with the setting passwords.',
  },
  WRONG_PASSWORD: { status: 401, message: () => 'Name and password do not belong together.' },
  WRONG_CURRENT: { status: 403, message: () => 'The current password is wrong.' },
  CURRENT_NEEDED: {
    status: 403,
    message: () =>
      'Give the current password, or sign in anew by a link or the identity provider and set one within 15 minutes.',
  },
  SESSION_NEEDED: { status: 403, message: () => 'A password is set in a browser session, not with a token.' },
  WEAK_PASSWORD: { status: 400, message: (why: string) => `Choose another password: ${why}.` },
  THROTTLED: {
    status: 429,
    message: (seconds: number) => `Too many attempts. Try again in ${seconds} s, or sign in another way.`,
    details: (seconds: number) => ({ retryAfter: seconds }),
  },
  INVITATION_SPENT: {
    status: 410,
    message: () => 'This invitation was used, taken back or is too old. Ask for a new one.',
  },
  INVITATION_NOT_FOUND: { status: 404, message: (id: string) => `There is no open invitation "${id}".` },
  INVITED_BY_MAIL: {
    status: 403,
    message: () =>
      'This invitation is for one mail address, which only the identity provider can vouch for. Continue with it.',
  },
  INVITED_OTHER_MAIL: {
    status: 403,
    message: () => 'The invitation is for another mail address than the identity provider has verified for you.',
  },
})

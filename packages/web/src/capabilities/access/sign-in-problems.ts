const words: Record<string, string> = {
  'SIGN_IN.NOT_INVITED':
    'The identity provider knows you, but nobody has given you access here. Ask an administrator for an invitation.',
  'SIGN_IN.PROVIDER_REFUSED': 'The answer of the identity provider does not hold. Begin again.',
  'SIGN_IN.SIGN_IN_EXPIRED': 'This sign-in was not begun in this browser within ten minutes. Begin again.',
  'SIGN_IN.PROVIDER_UNREACHABLE':
    'The identity provider does not answer as it should. Try again, or sign in another way.',
  'SIGN_IN.ACCOUNT_DISABLED': 'This account is disabled. An administrator can say why.',
  'SIGN_IN.IDENTITY_TAKEN': 'Somebody else signs in here with this account of the identity provider.',
  'SIGN_IN.INVITATION_SPENT': 'This invitation was used, taken back or is too old. Ask for a new one.',
  'SIGN_IN.INVITED_OTHER_MAIL':
    'The invitation is for another mail address than the identity provider has verified for you.',
}

/** Why a sign-in by the identity provider failed, for the code that the server leads back with. */
export function signInProblem(code: string | undefined): string | undefined {
  return code === undefined ? undefined : (words[code] ?? 'Signing in did not work. Begin again.')
}

import { defineErrors } from '../errors/index.ts'

export const vaultErrors = defineErrors('VAULT', {
  KEY_GIVEN: {
    status: 409,
    message: () =>
      'The vault key comes from the configuration. Put a new one before the old one in vaultKey (or vaultCommand), start the server again, and run `trivium secrets rotate-key --rewrap-only`.',
  },
  KEY_UNKNOWN: { status: 404, message: (id: string) => `The data directory holds no vault key "${id}".` },
  KEY_IN_USE: {
    status: 409,
    message: (id: string) => `Secrets are encrypted with vault key "${id}". Run \`trivium secrets rotate-key\` first.`,
  },
})

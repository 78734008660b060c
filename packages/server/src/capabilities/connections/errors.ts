import { defineErrors } from '../../kernel/errors/index.ts'

export const connectionErrors = defineErrors('CONNECTIONS', {
  NOT_FOUND: {
    status: 404,
    message: (name: string) => `There is no connection "${name}". \`trivium connections list\` names them.`,
  },
  NOT_TESTABLE: { status: 409, message: (name: string, why: string) => `Connection "${name}" cannot be tried: ${why}` },
  TOO_OFTEN: {
    status: 429,
    message: (name: string, seconds: number) =>
      `Connection "${name}" was tried a moment ago. Try it again in ${seconds} s.`,
    details: (_name: string, seconds: number) => ({ retryAfter: seconds }),
  },
  BAD_ADDRESS: {
    status: 422,
    message: (address: string) =>
      `"${address}" is neither a host, host:port, an address nor a network like 10.1.0.0/16.`,
  },
  TOO_WIDE: {
    status: 422,
    message: (address: string) =>
      `${address} is wider than one may allow here: name the host, or a network of /8 (IPv6: /16) or smaller.`,
  },
  ALLOWED_ALREADY: {
    status: 409,
    message: (address: string, connection: string) => `${address} is allowed for ${connection} already.`,
  },
  TOO_MANY: {
    status: 422,
    message: (most: number) => `At most ${most} addresses are allowed. Withdraw one first.`,
  },
  ALLOWANCE_NOT_FOUND: { status: 404, message: () => 'That address is not allowed, or no longer.' },
})

import { hash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { GatewayToken } from '../kernel/ports/gateway.ts'
import { accessErrors } from '../kernel/principal/index.ts'

/** Who sent a request, from the hashes in the snapshot; throws without a token, with an unknown, expired or revoked one, and without the permission to predict. */
export function authenticate(
  headers: IncomingHttpHeaders,
  tokens: ReadonlyMap<string, GatewayToken>,
  now: number,
): GatewayToken {
  const secret = secretOf(headers.authorization)
  const token = secret === undefined ? undefined : tokens.get(hash('sha256', secret, 'hex'))
  if (!token) throw accessErrors.UNAUTHENTICATED()
  if (token.expiresAt !== null && token.expiresAt <= now)
    throw accessErrors.TOKEN_EXPIRED(new Date(token.expiresAt).toISOString())
  if (!token.mayPredict) throw accessErrors.FORBIDDEN('prediction:write', token.project)
  return token
}

/** `Bearer`, or `Basic` with the token as password, as MLflow's clients send it. Cookies mean nothing here. */
function secretOf(authorization: string | undefined): string | undefined {
  if (authorization === undefined) return undefined
  const space = authorization.indexOf(' ')
  const scheme = authorization.slice(0, space).toLowerCase()
  const value = authorization.slice(space + 1).trim()
  if (scheme === 'bearer') return value
  if (scheme !== 'basic') return undefined
  const text = Buffer.from(value, 'base64').toString()
  return text.slice(text.indexOf(':') + 1)
}

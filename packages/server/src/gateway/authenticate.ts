import { hash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { GatewayToken } from '../kernel/ports/gateway.ts'
import { accessErrors } from '../kernel/principal/index.ts'

/** The snapshot follows the control database within this time: a token that is unknown now may have been made a moment ago. */
const patienceMs = 400
/** Requests with unknown tokens that may wait at once; more are refused without waiting. */
const mostWaiting = 100
let waiting = 0

/** Who sent a request, from the hashes in the snapshot; throws without a token, with an unknown, expired or revoked one, and without the permission to predict. */
export async function authenticate(
  headers: IncomingHttpHeaders,
  tokens: () => ReadonlyMap<string, GatewayToken>,
  now: number,
): Promise<GatewayToken> {
  // What a browser has kept of Basic credentials must not predict for the page of somebody else.
  const fromBrowser = headers.origin !== undefined || headers['sec-fetch-site'] !== undefined
  const secret = secretOf(headers.authorization, { basic: !fromBrowser })
  if (secret === undefined) throw accessErrors.UNAUTHENTICATED()
  const hashed = hash('sha256', secret, 'hex')
  const token = tokens().get(hashed) ?? (await waitFor(hashed, tokens))
  if (!token) throw accessErrors.UNAUTHENTICATED()
  if (token.expiresAt !== null && token.expiresAt <= now)
    throw accessErrors.TOKEN_EXPIRED(new Date(token.expiresAt).toISOString())
  if (!token.mayPredict) throw accessErrors.FORBIDDEN('prediction:write', token.project)
  return token
}

async function waitFor(
  hashed: string,
  tokens: () => ReadonlyMap<string, GatewayToken>,
): Promise<GatewayToken | undefined> {
  if (waiting >= mostWaiting) return undefined
  waiting += 1
  await new Promise((resolve) => setTimeout(resolve, patienceMs))
  waiting -= 1
  return tokens().get(hashed)
}

/** `Bearer`, or `Basic` with the token as password, as MLflow's clients send it. Cookies mean nothing here. */
function secretOf(authorization: string | undefined, { basic }: { basic: boolean }): string | undefined {
  if (authorization === undefined) return undefined
  const space = authorization.indexOf(' ')
  const scheme = authorization.slice(0, space).toLowerCase()
  const value = authorization.slice(space + 1).trim()
  if (scheme === 'bearer') return value
  if (scheme !== 'basic' || !basic) return undefined
  const text = Buffer.from(value, 'base64').toString()
  return text.slice(text.indexOf(':') + 1)
}

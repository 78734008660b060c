import { createPublicKey, type JsonWebKey, verify } from 'node:crypto'
import { signInErrors } from './errors.ts'

const hashes: Record<string, string | null> = {
  RS256: 'sha256',
  RS384: 'sha384',
  RS512: 'sha512',
  ES256: 'sha256',
  ES384: 'sha384',
  EdDSA: null,
  Ed25519: null,
}
const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout'
const skewMs = 5 * 60_000

/**
 * Checks a logout token (OpenID Connect Back-Channel Logout 1.0, section 2.6) and says whose sessions it ends. A token of another kind, an ID token
 * above all, is none.
 */
export function readLogoutToken(
  token: string,
  {
    keys,
    algorithms,
    issuer,
    clientId,
    now,
  }: {
    keys: readonly JsonWebKey[]
    algorithms: readonly string[]
    issuer: string
    clientId: string
    now: number
  },
): { subject: string | undefined; providerSession: string | undefined } {
  const no = (why: string): Error => signInErrors.BAD_LOGOUT_TOKEN(why)
  const [head = '', body = '', signature = '', ...rest] = token.split('.')
  if (rest.length > 0 || signature === '') throw no('it is no signed JWT')
  const header = jsonOf(head)
  const claims = jsonOf(body)
  if (!header || !claims) throw no('it is no signed JWT')
  const algorithm = String(header['alg'])
  const hash = Object.hasOwn(hashes, algorithm) ? hashes[algorithm] : undefined
  if (hash === undefined || !algorithms.includes(algorithm)) throw no('its algorithm is not one of the provider')
  const text = Buffer.from(`${head}.${body}`)
  const signed = keys
    .filter((key) => header['kid'] === undefined || (key as { kid?: unknown }).kid === header['kid'])
    .filter((key) => key.kty !== 'oct' && (key.use === undefined || key.use === 'sig'))
    .some((key) => {
      try {
        const publicKey = createPublicKey({ key, format: 'jwk' })
        if (publicKey.asymmetricKeyType !== { R: 'rsa', E: 'ec' }[algorithm[0] as 'R'] && !algorithm.startsWith('Ed'))
          return false
        const options = algorithm.startsWith('ES') ? { key: publicKey, dsaEncoding: 'ieee-p1363' as const } : publicKey
        return verify(hash, text, options, Buffer.from(signature, 'base64url'))
      } catch {
        return false
      }
    })
  if (!signed) throw no('its signature is not of the provider')
  if (claims['iss'] !== issuer) throw no('another provider made it')
  if (![claims['aud']].flat().includes(clientId)) throw no('it is for another client')
  const issuedAt = Number(claims['iat']) * 1000
  if (!(Math.abs(now - issuedAt) <= skewMs)) throw no('it is too old, or of the future')
  if (claims['exp'] !== undefined && !(Number(claims['exp']) * 1000 > now - skewMs)) throw no('it has expired')
  const about = claims['events'] as Record<string, unknown> | undefined
  if (typeof about !== 'object' || about === null || !(logoutEvent in about)) throw no('it tells of no logout')
  if ('nonce' in claims) throw no('it holds a nonce')
  const [subject, providerSession] = [claims['sub'], claims['sid']].map((one) =>
    typeof one === 'string' && one !== '' ? one : undefined,
  )
  if (subject === undefined && providerSession === undefined) throw no('it names nobody')
  return { subject, providerSession }
}

function jsonOf(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

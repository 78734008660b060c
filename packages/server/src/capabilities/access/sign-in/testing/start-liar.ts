import { createPrivateKey, createSign, generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a provider that lies puts into the ID token of the next sign-in. */
export interface Lie {
  readonly claims?: Record<string, unknown>
  readonly header?: Record<string, unknown>
  /** Signs with a key that it does not show. */
  readonly strangeKey?: boolean
  /** Sends the token with no signature. */
  readonly unsigned?: boolean
}

/** A provider that answers every code with an ID token as it should be, but for its lie. A real one does not lie, so the tests have one of their own. */
export async function startLiar(): Promise<{
  readonly issuer: string
  lie: Lie
  nonce: string
  sign(claims: Record<string, unknown>, lie?: Lie): string
  stop(): void
}> {
  const pair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const [own, strange] = [pair(), pair()]
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const server = createServer((request, response) => {
    const answer = (value: unknown): void => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))
    }
    if (request.url === '/.well-known/openid-configuration')
      answer({
        issuer: liar.issuer,
        authorization_endpoint: `${liar.issuer}/authorize`,
        token_endpoint: `${liar.issuer}/token`,
        jwks_uri: `${liar.issuer}/keys`,
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['ES256'],
      })
    else if (request.url === '/keys')
      answer({ keys: [{ ...own.publicKey.export({ format: 'jwk' }), kid: 'own', use: 'sig', alg: 'ES256' }] })
    else {
      const now = Math.floor(Date.now() / 1000)
      const claims = { iss: liar.issuer, sub: 'somebody', aud: 'trivium', iat: now, exp: now + 60, nonce: liar.nonce }
      answer({
        access_token: 'x',
        token_type: 'Bearer',
        id_token: liar.sign({ ...claims, groups: ['everybody'], ...liar.lie.claims }, liar.lie),
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const liar = {
    issuer: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lie: {} as Lie,
    nonce: '',
    sign: (claims: Record<string, unknown>, lie: Lie = {}) => {
      const text = `${part({ alg: 'ES256', kid: 'own', ...lie.header })}.${part(claims)}`
      if (lie.unsigned) return `${text}.`
      const key = createPrivateKey((lie.strangeKey ? strange : own).privateKey.export({ format: 'pem', type: 'pkcs8' }))
      return `${text}.${createSign('sha256').update(text).sign({ key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
    },
    stop: () => {
      server.closeAllConnections()
      server.close()
    },
  }
  return liar
}

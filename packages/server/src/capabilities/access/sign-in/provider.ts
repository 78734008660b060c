import type { JsonWebKey } from 'node:crypto'
import type * as Oidc from 'openid-client'
import type { Kernel } from '../../../kernel/kernel.ts'
import { egressFetch } from './egress-fetch.ts'
import { signInErrors } from './errors.ts'

/** What an identity provider vouched for. */
export interface Vouched {
  readonly issuer: string
  /** Who it is at the provider; never reused there, unlike names and mail addresses. */
  readonly subject: string
  readonly claims: Readonly<Record<string, unknown>>
  /** The provider's id of the session there. */
  readonly providerSession: string | null
  readonly idToken: string
}

/** What ties the answer of the provider to the browser that asked. */
export interface Asked {
  readonly state: string
  readonly nonce: string
  readonly verifier: string
}

/** The OpenID Connect provider of the configuration: authorization code with PKCE, and nothing else. */
export interface Provider {
  readonly issuer: string
  /** Where to send a browser, and what must come back. */
  ask(): Promise<{ location: string; asked: Asked }>
  /** Redeems the answer; checks state, nonce, issuer, audience, times and the signature of the ID token. */
  redeem(callbackUrl: URL, asked: Asked): Promise<Vouched>
  /** Where a browser ends its session at the provider too; undefined where the provider offers none. */
  logoutLocation(idToken: string): Promise<string | undefined>
  /** The provider's public keys as they are now, and the algorithms that it says it signs with. */
  signingKeys(): Promise<{ keys: readonly JsonWebKey[]; algorithms: readonly string[] }>
}

/** Loaded with the first use: a server without a provider does without its eight megabytes. */
const library = (): Promise<typeof Oidc> => import('openid-client')
const keptMs = 10 * 60_000
const restMs = 5000
/** Where the provider sends people back to, below `publicUrl`. */
export const callbackPath = '/api/v1/sign-in/provider/callback'

/** undefined where no provider is configured. */
export function createProvider({
  config,
  egress,
  logger,
}: Pick<Kernel, 'config' | 'egress' | 'logger'>): Provider | undefined {
  if (config.oidcIssuer === '') return undefined
  const issuer = config.oidcIssuer
  const fetch = egressFetch(egress)
  // The way out refuses plain HTTP but where an administrator allowed it.
  const plain = issuer.startsWith('http:')
  const redirectUri = `${config.publicUrl}${callbackPath}`
  let known: { metadata: Oidc.ServerMetadata; at: number } | undefined
  let failedAt = Number.NEGATIVE_INFINITY
  let asking: Promise<Oidc.ServerMetadata> | undefined

  const unreachable = (error: unknown): Error => {
    logger.warn({ err: error, issuer }, 'the identity provider could not be asked')
    return signInErrors.PROVIDER_UNREACHABLE(issuer)
  }
  const metadata = async (): Promise<Oidc.ServerMetadata> => {
    if (known && performance.now() - known.at < keptMs) return known.metadata
    // Anybody may begin to sign in: a provider that is down is not asked more often for it.
    if (performance.now() - failedAt < restMs) throw signInErrors.PROVIDER_UNREACHABLE(issuer)
    asking ??= discover().finally(() => {
      asking = undefined
    })
    return asking
  }
  const discover = async (): Promise<Oidc.ServerMetadata> => {
    const oidc = await library()
    try {
      const found = await oidc.discovery(new URL(issuer), config.oidcClientId, undefined, oidc.None(), {
        [oidc.customFetch]: fetch,
        ...(plain ? { execute: [oidc.allowInsecureRequests] } : {}),
      })
      known = { metadata: found.serverMetadata(), at: performance.now() }
      return known.metadata
    } catch (error) {
      failedAt = performance.now()
      throw unreachable(error)
    }
  }
  /** New for each sign-in: what the library keeps of the provider's keys would not survive their rotation. */
  const configuration = async (): Promise<Oidc.Configuration> => {
    const [oidc, server] = [await library(), await metadata()]
    const secret = config.oidcClientSecret
    // Basic is what the protocol supposes where a provider does not say.
    const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
    const authentication =
      secret === ''
        ? oidc.None()
        : methods.includes('client_secret_basic')
          ? oidc.ClientSecretBasic(secret)
          : oidc.ClientSecretPost(secret)
    const made = new oidc.Configuration(server, config.oidcClientId, undefined, authentication)
    made[oidc.customFetch] = fetch
    if (plain) oidc.allowInsecureRequests(made)
    oidc.enableNonRepudiationChecks(made)
    return made
  }

  return {
    issuer,
    ask: async () => {
      const oidc = await library()
      const [state, nonce, verifier] = [oidc.randomState(), oidc.randomNonce(), oidc.randomPKCECodeVerifier()]
      const location = oidc.buildAuthorizationUrl(await configuration(), {
        redirect_uri: redirectUri,
        scope: config.oidcScopes,
        state,
        nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      })
      return { location: location.href, asked: { state, nonce, verifier } }
    },
    redeem: async (callbackUrl, { state, nonce, verifier }) => {
      const oidc = await library()
      const made = await configuration()
      try {
        const answer = await oidc.authorizationCodeGrant(made, callbackUrl, {
          expectedState: state,
          expectedNonce: nonce,
          pkceCodeVerifier: verifier,
          idTokenExpected: true,
        })
        const claims = answer.claims()
        if (!claims || answer.id_token === undefined) throw new Error('The provider sent no ID token.')
        // Many providers tell groups and names here only.
        const more =
          made.serverMetadata().userinfo_endpoint !== undefined && !(config.oidcGroupsClaim in claims)
            ? await oidc.fetchUserInfo(made, answer.access_token, claims.sub)
            : {}
        return {
          issuer: claims.iss,
          subject: claims.sub,
          claims: { ...more, ...claims },
          providerSession: typeof claims['sid'] === 'string' ? claims['sid'] : null,
          idToken: answer.id_token,
        }
      } catch (error) {
        logger.warn({ issuer, reason: reasonOf(error) }, 'a sign-in by the identity provider was refused')
        throw (error as { code?: string }).code?.startsWith('EGRESS.')
          ? unreachable(error)
          : signInErrors.PROVIDER_REFUSED()
      }
    },
    logoutLocation: async (idToken) => {
      const made = await configuration()
      if (made.serverMetadata().end_session_endpoint === undefined) return undefined
      return (await library()).buildEndSessionUrl(made, {
        id_token_hint: idToken,
        post_logout_redirect_uri: `${config.publicUrl}/login`,
      }).href
    },
    signingKeys: async () => {
      const { jwks_uri: url, id_token_signing_alg_values_supported: algorithms = ['RS256'] } = await metadata()
      if (url === undefined) return { keys: [], algorithms }
      try {
        const answer = await egress.call({
          connection: 'sign-in',
          url,
          method: 'GET',
          headers: { accept: 'application/json' },
        })
        const { keys } = JSON.parse(answer.body.toString()) as { keys: JsonWebKey[] }
        return { keys, algorithms: algorithms as readonly string[] }
      } catch (error) {
        throw unreachable(error)
      }
    },
  }
}

/** Why, without what was sent: tokens and codes stand in the details of such errors. */
function reasonOf(error: unknown): string {
  const { message, code, error: answered } = error as { message?: string; code?: string; error?: string }
  return [answered, code, message].filter(Boolean).join(': ')
}

import { generateKeyPairSync } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import Provider from 'oidc-provider'

/** Somebody whom the provider knows. */
export interface Account {
  readonly sub: string
  preferred_username?: string
  email?: string
  email_verified?: boolean
  groups?: string[]
}

/** The real provider `oidc-provider` on a port of its own. Whoever is `who` has signed in there as soon as he is asked to. */
export interface StartedProvider {
  readonly issuer: string
  who: Account
  /** Logout tokens that it sent. */
  readonly logoutTokens: string[]
  /** Signs with a new key from now on, and shows the old one no more. */
  rotateKeys(): void
  /** Goes where a browser is sent, with its cookies, until it is sent back; returns where to. */
  visit(location: string, jar: Map<string, string>): Promise<string>
  stop(): void
}

export async function startProvider(client: {
  id: string
  secret: string
  redirectUri: string
  afterLogout: string
}): Promise<StartedProvider> {
  let handle: (request: IncomingMessage, response: ServerResponse) => void = () => {}
  const logoutTokens: string[] = []
  const accounts = new Map<string, Account>()
  const server = createServer((request, response) => {
    if (request.url === '/hears-of-logout') {
      let body = ''
      request.on('data', (chunk) => (body += String(chunk)))
      request.on('end', () => {
        logoutTokens.push(new URLSearchParams(body).get('logout_token') ?? '')
        response.end()
      })
    } else handle(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  const configure = (): void => {
    const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })
    const provider = new Provider(issuer, {
      clients: [
        {
          client_id: client.id,
          client_secret: client.secret,
          redirect_uris: [client.redirectUri],
          post_logout_redirect_uris: [client.afterLogout],
          backchannel_logout_uri: `${issuer}/hears-of-logout`,
          backchannel_logout_session_required: true,
          id_token_signed_response_alg: 'ES256',
        },
      ],
      jwks: { keys: [{ ...key, use: 'sig', alg: 'ES256', kid: `k${Math.random()}` }] },
      cookies: { keys: ['cookies of a test'] },
      claims: { openid: ['sub'], profile: ['preferred_username', 'groups'], email: ['email', 'email_verified'] },
      features: {
        devInteractions: { enabled: false },
        rpInitiatedLogout: { enabled: true },
        backchannelLogout: { enabled: true },
      },
      // Its guard against internal addresses would keep the news of a logout from this machine.
      fetch: (url: string, { dispatcher: _guard, ...options }: RequestInit & { dispatcher?: unknown }) =>
        fetch(url, options),
      ttl: { Interaction: 600, Grant: 600, Session: 600, AccessToken: 600, IdToken: 600 },
      interactions: { url: (_: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
      findAccount: (_: unknown, id: string) => ({ accountId: id, claims: () => ({ ...accounts.get(id) }) }),
      loadExistingGrant: async (context: GrantContext) => {
        const grant = new context.oidc.provider.Grant({
          clientId: context.oidc.client.clientId,
          accountId: context.oidc.session.accountId,
        })
        grant.addOIDCScope('openid profile email')
        await grant.save()
        return grant
      },
    })
    const answer = provider.callback()
    handle = (request, response) => {
      if (!request.url?.startsWith('/interaction/')) return answer(request, response)
      accounts.set(started.who.sub, started.who)
      void provider.interactionFinished(request, response, { login: { accountId: started.who.sub } })
    }
  }
  const started: StartedProvider = {
    issuer,
    who: { sub: 'nobody' },
    logoutTokens,
    rotateKeys: configure,
    visit: async (location, jar) => {
      let at = location
      for (let hops = 0; hops < 10; hops += 1) {
        const answer = await fetch(at, { redirect: 'manual', headers: { cookie: cookiesOf(jar) } })
        keep(jar, answer)
        let next = answer.headers.get('location')
        if (next === null) {
          // The question whether to sign out.
          const page = await answer.text()
          const xsrf = /name="xsrf" value="([^"]+)"/.exec(page)?.[1]
          if (xsrf === undefined) throw new Error(`The provider answers ${answer.status}: ${page.slice(0, 500)}`)
          const said = await fetch(`${issuer}/session/end/confirm`, {
            method: 'POST',
            redirect: 'manual',
            headers: { cookie: cookiesOf(jar), 'content-type': 'application/x-www-form-urlencoded' },
            body: new URLSearchParams({ xsrf, logout: 'yes' }).toString(),
          })
          keep(jar, said)
          next = said.headers.get('location')
        }
        at = new URL(next ?? '', at).href
        if (!at.startsWith(issuer)) return at
      }
      throw new Error('The provider sends people in circles.')
    },
    stop: () => {
      server.closeAllConnections()
      server.close()
    },
  }
  configure()
  return started
}

interface GrantContext {
  oidc: {
    client: { clientId: string }
    session: { accountId: string }
    provider: {
      Grant: new (input: Record<string, string>) => { addOIDCScope(scope: string): void; save(): Promise<string> }
    }
  }
}

const cookiesOf = (jar: Map<string, string>): string => [...jar].map(([name, value]) => `${name}=${value}`).join('; ')

function keep(jar: Map<string, string>, answer: Response): void {
  for (const one of answer.headers.getSetCookie()) {
    const [name = '', value = ''] = (one.split(';')[0] ?? '').split(/=(.*)/s)
    if (value === '' || /expires=Thu, 01 Jan 1970/i.test(one)) jar.delete(name)
    else jar.set(name, value)
  }
}

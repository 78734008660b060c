import type { Egress, EgressFlow, EgressRequest } from '../../kernel/egress/index.ts'
import { PlaceFailure } from '../../kernel/ports/index.ts'

/** A request to a registry. `body` is made again for each attempt: a token may be asked for in between. */
export interface RegistryRequest {
  readonly method: EgressRequest['method']
  /** Path below /v2/REPOSITORY/, or the whole address that the registry named. */
  readonly at: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: () => NonNullable<Parameters<Egress['transfer']>[0]['body']>
}

/** Speaks to one repository of a registry, with a password, a token, or tokens that its own service hands out (OCI Distribution 1.1, token authentication). */
export interface RegistryClient {
  send(request: RegistryRequest): Promise<EgressFlow>
  /** The same, where the answer is small or not wanted. */
  ask(request: RegistryRequest): Promise<{ status: number; headers: EgressFlow['headers']; text: string }>
}

const longestText = 1_000_000
/** Before it ends a token is asked for anew. */
const spareMs = 10_000

export function createRegistryClient(
  {
    origin,
    repository,
    username,
    secret,
  }: { origin: string; repository: string; username: string | null; secret: string | null },
  egress: Egress,
): RegistryClient {
  const connection = 'content-places'
  const { host } = new URL(origin)
  const basic =
    secret === null || username === null
      ? undefined
      : `Basic ${Buffer.from(`${username}:${secret}`).toString('base64')}`
  let known: { authorization: string; until: number } | undefined =
    secret !== null && username === null ? { authorization: `Bearer ${secret}`, until: Infinity } : undefined

  /** What the registry wants, by the words of its refusal. */
  const authorize = async (challenge: string): Promise<void> => {
    const [scheme = ''] = challenge.split(' ')
    const words = new Map(
      [...challenge.matchAll(/([a-z_]+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]),
    )
    if (scheme.toLowerCase() === 'basic') {
      if (!basic) throw new PlaceFailure(`${host} wants a user name and a password.`)
      known = { authorization: basic, until: Infinity }
      return
    }
    const realm = words.get('realm')
    if (scheme.toLowerCase() !== 'bearer' || realm === undefined || !URL.canParse(realm))
      throw new PlaceFailure(`${host} wants to be asked in a way that is not known here: ${challenge.slice(0, 100)}.`)
    const url = new URL(realm)
    const service = words.get('service')
    if (service !== undefined) url.searchParams.set('service', service)
    url.searchParams.set('scope', `repository:${repository}:pull,push,delete`)
    const { status, body } = await egress.call({
      connection,
      url: url.href,
      method: 'GET',
      headers: basic === undefined ? {} : { authorization: basic },
      anyAnswer: true,
      timeoutMs: 30_000,
    })
    if (status !== 200)
      throw new PlaceFailure(`${url.host} gave no token for ${repository} (${status}): check user name and password.`, {
        again: status >= 500,
      })
    const found = tokenIn(body.toString())
    if (!found) throw new PlaceFailure(`${url.host} answered something else than a token.`)
    known = { authorization: `Bearer ${found.token}`, until: Date.now() + found.seconds * 1000 - spareMs }
  }

  const once = ({ method, at, headers = {}, body }: RegistryRequest): Promise<EgressFlow> => {
    const url = new URL(at, `${origin}/v2/${repository}/`)
    // Where the registry sends us to another host, the address says all that this one wants.
    const own = url.host === host ? known : undefined
    return egress.transfer({
      connection,
      url: url.href,
      method,
      headers: { ...headers, ...(own ? { authorization: own.authorization } : {}) },
      redirects: 3,
      anyAnswer: true,
      ...(body ? { body: body() } : {}),
    })
  }

  const send = async (request: RegistryRequest): Promise<EgressFlow> => {
    if (known && known.until < Date.now()) known = undefined
    const answer = await once(request)
    if (answer.status !== 401) return answer
    answer.stream.destroy()
    const challenge = answer.headers['www-authenticate']
    if (challenge === undefined || (secret !== null && username === null)) throw refusal(host, 401)
    const before = known?.authorization
    await authorize(challenge)
    if (before !== undefined && before === known?.authorization) throw refusal(host, 401)
    const second = await once(request)
    if (second.status !== 401) return second
    second.stream.destroy()
    throw refusal(host, 401)
  }

  return {
    send,
    ask: async (request) => {
      const { status, headers, stream } = await send(request)
      const chunks: Buffer[] = []
      let size = 0
      for await (const chunk of stream) {
        size += (chunk as Buffer).length
        if (size > longestText) throw new PlaceFailure(`${host} answered more than ${longestText} bytes.`)
        chunks.push(chunk as Buffer)
      }
      return { status, headers, text: Buffer.concat(chunks).toString() }
    },
  }
}

/** What is said of an answer that was not hoped for. */
export function refusal(host: string, status: number, what = 'a request'): PlaceFailure {
  if (status === 401 || status === 403)
    return new PlaceFailure(`${host} answered ${status} to ${what}: the credentials are wrong, or may not do this.`)
  return new PlaceFailure(`${host} answered ${status} to ${what}.`, { again: status >= 500 || status === 429 })
}

function tokenIn(text: string): { token: string; seconds: number } | undefined {
  try {
    const found = JSON.parse(text) as { token?: unknown; access_token?: unknown; expires_in?: unknown }
    const token = found.token ?? found.access_token
    // The specification says 60 where nothing is said.
    return typeof token === 'string' ? { token, seconds: Number(found.expires_in ?? 60) } : undefined
  } catch {
    return undefined
  }
}

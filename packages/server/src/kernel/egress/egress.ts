import { lookup as lookupAddress } from 'node:dns'
import { type IncomingMessage, request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { pipeline, type Readable } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import type { EgressConnection } from '@trivium/contract'
import { defineErrors } from '../errors/index.ts'
import { type Allowed, isInternalAddress, readAllowed } from './address-rules.ts'

export const egressErrors = defineErrors('EGRESS', {
  BAD_URL: { status: 422, message: (url: string, why: string) => `${url} cannot be called: ${why}` },
  DENIED: {
    status: 422,
    message: (host: string, address: string) =>
      `${host} is at ${address}, an internal address. An administrator of the instance can allow it for this connection under Settings, Connections, or for all with the setting egressAllow.`,
  },
  PLAIN: {
    status: 422,
    message: (host: string) =>
      `${host} would be called without TLS. Use https, or let an administrator of the instance allow it for this connection under Settings, Connections, or for all with the setting egressAllow.`,
  },
  TIMEOUT: { status: 504, message: (host: string, ms: number) => `${host} did not answer within ${ms / 1000} s.` },
  TOO_LARGE: { status: 502, message: (host: string, bytes: number) => `${host} answered more than ${bytes} bytes.` },
  FAILED: { status: 502, message: (host: string, why: string) => `${host} could not be called: ${why}.` },
  REDIRECTS: { status: 502, message: (host: string) => `${host} redirects too often.` },
})

export interface EgressRequest {
  /** What calls: internal addresses are allowed for one connection, not for all. */
  readonly connection: EgressConnection
  readonly url: string
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'MKCOL'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
  /** For everything together, redirects too. */
  readonly timeoutMs?: number
  /** Largest answer that is read. */
  readonly maxBytes?: number
  /** Redirects of GET that are followed, each checked like the first URL; other methods follow none. */
  readonly redirects?: number
  /** Whether any answer shows that the host is reached; otherwise one of 400 and above is noted as a failure of the connection. */
  readonly anyAnswer?: boolean
  readonly signal?: AbortSignal
}

/** A request whose body or answer is too large for memory. */
export interface EgressTransfer extends Omit<EgressRequest, 'body' | 'timeoutMs' | 'maxBytes'> {
  readonly body?: string | Buffer | { readonly stream: Readable; readonly size: number }
  /** Longest silence of the other side, whatever the whole takes. */
  readonly idleMs?: number
}

/** An answer whose body flows; whoever has it reads it to its end or destroys it. */
export interface EgressFlow {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly stream: Readable
}

/** How one call ended. */
export interface EgressUse {
  readonly connection: EgressConnection
  /** Host and port of the first URL. */
  readonly host: string
  /** null: it did. */
  readonly failure: string | null
  /** The address that answered, where one did. */
  readonly address: string | null
  /** Such as TLSv1.3; null without TLS or without an answer. */
  readonly tls: string | null
}

export interface EgressAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

interface Reached {
  address: string | null
  tls: string | null
}

/**
 * The one way out of the server. It calls public addresses over TLS, and others only where an administrator allowed them. The address is checked where
 * the connection is made, so that a name that resolves differently the second time (DNS rebinding) gains nothing. It sends what it was given: no
 * cookies, no proxy of the environment, and no headers beyond the first host after a redirect.
 */
export interface Egress {
  call(request: EgressRequest): Promise<EgressAnswer>
  /** The same for content of any size: its bytes are in memory a piece at a time. */
  transfer(request: EgressTransfer): Promise<EgressFlow>
  /** Finds the addresses of the host of a URL for a client of its own, and refuses those that may not be called; an address in the URL itself is for `check`. */
  lookup(connection: EgressConnection, url: URL): LookupFunction
  /** The address, checked like that of a URL, of a host that is called in another protocol; to be connected to in its place. */
  resolve(connection: EgressConnection, at: { host: string; port: number; tls: boolean }): Promise<string>
  /** Checks a URL by its form and the addresses that its host has now; what is saved for later is refused early. */
  check(connection: EgressConnection, url: string): Promise<void>
}

export function createEgress({
  allow,
  allowances = async () => [],
  observe = () => {},
}: {
  /** Hosts, addresses and networks that every connection may call. */
  allow: string
  /** Those that an administrator has allowed for one. */
  allowances?: (connection: EgressConnection) => Promise<readonly string[]>
  observe?: (use: EgressUse) => void
}): Egress {
  const always = readAllowed(allow)
  const allowedFor = async (connection: EgressConnection): Promise<Allowed> => {
    const entries = await allowances(connection)
    if (entries.length === 0) return always
    const own = readAllowed(entries.join(','))
    return {
      host: (host, port) => always.host(host, port) || own.host(host, port),
      address: (address) => always.address(address) || own.address(address),
    }
  }

  function read(text: string, allowed: Allowed): { url: URL; host: string; port: number; trusted: boolean } {
    if (!URL.canParse(text)) throw egressErrors.BAD_URL(text, 'it is no URL.')
    const url = new URL(text)
    if (url.protocol !== 'https:' && url.protocol !== 'http:')
      throw egressErrors.BAD_URL(text, 'it must begin with https:// or http://.')
    if (url.username !== '' || url.password !== '')
      throw egressErrors.BAD_URL(url.hostname, 'credentials may not stand in a URL.')
    const host = url.hostname.replace(/^\[|\]$/g, '')
    const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80))
    const trusted = allowed.host(host, port) || (isIP(host) !== 0 && allowed.address(host))
    if (url.protocol === 'http:' && !trusted) throw egressErrors.PLAIN(host)
    if (isIP(host) !== 0) checkAddress(host, host, trusted, allowed)
    return { url, host, port, trusted }
  }

  function checkAddress(host: string, address: string, trusted: boolean, allowed: Allowed): void {
    if (!trusted && isInternalAddress(address) && !allowed.address(address)) throw egressErrors.DENIED(host, address)
  }

  /** Resolves for a connection; the addresses that it hands on are the ones that it has checked. */
  const checkedLookup =
    (host: string, trusted: boolean, allowed: Allowed): LookupFunction =>
    (name, options, done) => {
      lookupAddress(name, { ...options, all: true }, (error, addresses) => {
        try {
          if (error) throw error
          for (const { address } of addresses) checkAddress(host, address, trusted, allowed)
        } catch (reason) {
          done(reason as NodeJS.ErrnoException, '', 0)
          return
        }
        const [first] = addresses
        if (options.all) done(null, addresses)
        else done(null, first?.address ?? '', first?.family ?? 0)
      })
    }

  /** Sends one request and returns its answer before its body is read. */
  async function send(
    text: string,
    { method, headers = {}, body, idleMs }: Pick<EgressTransfer, 'method' | 'headers' | 'body' | 'idleMs'>,
    signal: AbortSignal | undefined,
    allowed: Allowed,
    reached: Reached,
  ): Promise<IncomingMessage> {
    const { url, host, trusted } = read(text, allowed)
    const flowing = typeof body === 'object' && 'stream' in body ? body : undefined
    const length = flowing?.size ?? (body === undefined ? undefined : Buffer.byteLength(body as string | Buffer))
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const begin = url.protocol === 'https:' ? httpsRequest : httpRequest
      const outgoing = begin(url, {
        method,
        headers: { ...headers, ...(length === undefined ? {} : { 'content-length': length }) },
        lookup: checkedLookup(host, trusted, allowed),
        agent: false,
        signal,
      })
      if (idleMs !== undefined)
        outgoing.setTimeout(idleMs, () => outgoing.destroy(egressErrors.TIMEOUT(hostOf(text), idleMs)))
      outgoing.on('error', reject)
      outgoing.once('response', resolve)
      if (flowing) pipeline(flowing.stream, outgoing, (error) => error && reject(error))
      else outgoing.end(body)
    }).finally(() => flowing?.stream.destroy())
    reached.address = response.socket.remoteAddress ?? null
    reached.tls = (response.socket as Partial<TLSSocket>).getProtocol?.() ?? null
    return response
  }

  async function once(
    text: string,
    request: EgressRequest,
    signal: AbortSignal,
    allowed: Allowed,
    reached: Reached,
  ): Promise<EgressAnswer> {
    const { maxBytes = 1_000_000 } = request
    const host = hostOf(text)
    const response = await send(text, request, signal, allowed, reached)
    const chunks: Buffer[] = []
    let bytes = 0
    for await (const chunk of response) {
      bytes += (chunk as Buffer).length
      if (bytes > maxBytes) {
        response.destroy()
        throw egressErrors.TOO_LARGE(host, maxBytes)
      }
      chunks.push(chunk as Buffer)
    }
    return { status: response.statusCode ?? 0, headers: headersOf(response), body: Buffer.concat(chunks) }
  }

  /** Asks, and asks again where redirects lead; `ask` sends one request. */
  async function follow<Answer extends { status: number; headers: Readonly<Record<string, string>> }>(
    { url, method, headers: first = {}, redirects = 0 }: Omit<EgressRequest, 'body'>,
    ask: (at: string, headers: Readonly<Record<string, string>>) => Promise<Answer>,
    leave: (answer: Answer) => void = () => {},
  ): Promise<Answer> {
    let at = url
    let headers = first
    for (let hops = 0; ; hops++) {
      const answer = await ask(at, headers)
      const location = answer.headers['location']
      const follows = method === 'GET' || method === 'HEAD'
      if (!follows || redirects === 0 || answer.status < 300 || answer.status > 399 || location === undefined)
        return answer
      leave(answer)
      if (hops >= redirects) throw egressErrors.REDIRECTS(hostOf(url))
      const next = new URL(location, at)
      const { range } = headers
      if (next.host !== new URL(at).host) headers = range === undefined ? {} : { range }
      at = next.href
    }
  }

  async function callOnce(request: EgressRequest, allowed: Allowed, reached: Reached): Promise<EgressAnswer> {
    const { timeoutMs = 10_000 } = request
    const late = AbortSignal.timeout(timeoutMs)
    const signal = request.signal ? AbortSignal.any([late, request.signal]) : late
    return follow(request, (at, headers) =>
      once(at, { ...request, headers }, signal, allowed, reached).catch((error: unknown) => {
        throw late.aborted ? egressErrors.TIMEOUT(hostOf(at), timeoutMs) : asAppError(error, at)
      }),
    )
  }

  /** Says how the work ended, once its answer has begun. */
  async function observed<Answer extends { status: number }>(
    { connection, url, signal, anyAnswer = false }: Pick<EgressRequest, 'connection' | 'url' | 'signal' | 'anyAnswer'>,
    work: (allowed: Allowed, reached: Reached) => Promise<Answer>,
  ): Promise<Answer> {
    const reached: Reached = { address: null, tls: null }
    const host = hostOf(url)
    const end = (failure: string | null): void => {
      // Whoever stops a call has not seen the connection fail.
      if (signal?.aborted !== true) observe({ connection, host, failure, ...reached })
    }
    try {
      const answer = await work(await allowedFor(connection), reached)
      end(answer.status >= 400 && !anyAnswer ? `${host} answered ${answer.status}.` : null)
      return answer
    } catch (error) {
      // What stands behind the host in a URL may be a secret.
      end((error as Error).message.replaceAll(url, host))
      throw error
    }
  }

  return {
    call: (request) => observed(request, (allowed, reached) => callOnce(request, allowed, reached)),
    transfer: (request) =>
      observed(request, (allowed, reached) =>
        follow(
          request,
          async (at, headers) => {
            const { idleMs = 30_000 } = request
            const response = await send(at, { ...request, headers, idleMs }, request.signal, allowed, reached).catch(
              (error: unknown) => {
                throw asAppError(error, at)
              },
            )
            return { status: response.statusCode ?? 0, headers: headersOf(response), stream: response }
          },
          ({ stream }) => void stream.destroy(),
        ),
      ),
    lookup: (connection, { hostname: host, port, protocol }) => {
      const at = Number(port || (protocol === 'https:' ? 443 : 80))
      return (name, options, done) => {
        void (async () => {
          try {
            const allowed = await allowedFor(connection)
            checkedLookup(host, allowed.host(host, at), allowed)(name, options, done)
          } catch (error) {
            done(error as NodeJS.ErrnoException, '', 0)
          }
        })()
      }
    },
    resolve: async (connection, { host, port, tls }) => {
      const allowed = await allowedFor(connection)
      const trusted = allowed.host(host, port) || (isIP(host) !== 0 && allowed.address(host))
      if (!tls && !trusted) throw egressErrors.PLAIN(host)
      if (isIP(host) !== 0) {
        checkAddress(host, host, trusted, allowed)
        return host
      }
      return new Promise<string>((resolve, reject) => {
        checkedLookup(host, trusted, allowed)(host, {}, (error, address) =>
          error ? reject(error) : resolve(String(address)),
        )
      }).catch((error: unknown) => {
        throw asAppError(error, `https://${host}:${port}`)
      })
    },
    check: async (connection, text) => {
      const allowed = await allowedFor(connection)
      const { host, trusted } = read(text, allowed)
      if (isIP(host) !== 0) return
      await new Promise<void>((resolve, reject) => {
        checkedLookup(host, trusted, allowed)(host, { all: true }, (error) => (error ? reject(error) : resolve()))
      }).catch((error: unknown) => {
        throw asAppError(error, text)
      })
    },
  }
}

const headersOf = (response: IncomingMessage): Record<string, string> =>
  Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, [value].flat().join(', ')]))

const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).host : url)

function asAppError(error: unknown, url: string): Error {
  if ((error as { code?: string }).code?.startsWith('EGRESS.')) return error as Error
  const { code, message } = error as NodeJS.ErrnoException
  const why =
    code === 'ENOTFOUND'
      ? 'its name is not known'
      : code === 'ECONNREFUSED'
        ? 'nothing listens there'
        : code === 'ECONNRESET'
          ? 'it closed the connection'
          : message || code || 'the connection failed'
  return egressErrors.FAILED(hostOf(url), why)
}

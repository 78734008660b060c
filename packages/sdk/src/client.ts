import type { BodyOf, ParamsOf, Problem, QueryOf, ResultOf, Route } from '@trivium/contract'
import { ApiError } from './api-error.ts'
import { buildUrl } from './build-url.ts'

/** Where the server is and how to prove who calls. */
export interface ClientOptions {
  /** `http://host:port` without a path; empty in a browser that was served by the same server. */
  readonly baseUrl: string
  /** Sent as `Authorization: Bearer …`; leave out in browsers, which have a session cookie. */
  readonly token?: string
  readonly fetch?: typeof globalThis.fetch
  /** Called for each answer 401, before the error is thrown. */
  readonly onUnauthorised?: (error: ApiError) => void
}

type Empty = Record<string, never>
type Part<Name extends string, T> = [T] extends [undefined]
  ? { readonly [K in Name]?: undefined }
  : [T] extends [Empty]
    ? { readonly [K in Name]?: Empty }
    : Partial<T> extends T
      ? { readonly [K in Name]?: T | undefined }
      : { readonly [K in Name]: T }

type RawBody = Uint8Array | ArrayBuffer | Blob | ReadableStream<Uint8Array> | string
type BodyPart<R extends Route> = R extends { requestBody: 'raw' } ? { readonly body: RawBody } : Part<'body', BodyOf<R>>

/** What a call of a route takes: typed from its schemas; only what is required must be given. */
export type CallInput<R extends Route> = Part<'params', ParamsOf<R>> &
  Part<'query', QueryOf<R>> &
  BodyPart<R> & {
    readonly signal?: AbortSignal | undefined
    readonly headers?: Readonly<Record<string, string>> | undefined
  }

/** A typed client of the HTTP API. */
export interface Client {
  /** Calls a route and returns its parsed answer; throws `ApiError` for every other outcome. */
  call<R extends Route>(route: R, input: CallInput<R>): Promise<ResultOf<R>>
  /** Calls a route whose answer is bytes or an event stream and returns the response unread. */
  raw<R extends Route>(route: R, input: CallInput<R>): Promise<Response>
  /** The full address of a route, for links and event sources. */
  url<R extends Route>(route: R, input: Pick<CallInput<R>, 'params' | 'query'>): string
}

interface AnyInput {
  readonly params?: Readonly<Record<string, unknown>>
  readonly query?: Readonly<Record<string, unknown>>
  readonly body?: unknown
  readonly signal?: AbortSignal
  readonly headers?: Readonly<Record<string, string>>
}

/** Makes a client; it holds no connection and no state, so make as many as you like. */
export function createClient(options: ClientOptions): Client {
  const base = options.baseUrl.replace(/\/+$/, '')
  const send = options.fetch ?? globalThis.fetch.bind(globalThis)

  async function request(route: Route, input: AnyInput): Promise<Response> {
    const headers: Record<string, string> = { accept: 'application/json', ...input.headers }
    if (options.token !== undefined) headers['authorization'] = `Bearer ${options.token}`
    const init: RequestInit & { duplex?: 'half' } = { method: route.method, headers, credentials: 'same-origin' }
    if (input.signal) init.signal = input.signal
    if (route.requestBody === 'raw') {
      headers['content-type'] ??= 'application/octet-stream'
      init.body = input.body as NonNullable<RequestInit['body']>
      if (input.body instanceof ReadableStream) init.duplex = 'half'
    } else if (input.body !== undefined) {
      headers['content-type'] ??= 'application/json'
      init.body = JSON.stringify(input.body)
    }
    const url = base + buildUrl(route.url, input.params, input.query)
    let response: Response
    try {
      response = await send(url, init)
    } catch (cause) {
      if (input.signal?.aborted) throw cause
      const where = base === '' ? 'the server' : base
      throw new ApiError(
        {
          status: 0,
          code: 'NETWORK_UNREACHABLE',
          title: 'No answer',
          detail: `No answer from ${where}. Is it running?`,
        },
        { cause },
      )
    }
    if (response.ok) return response
    const error = await readProblem(response)
    if (error.status === 401) options.onUnauthorised?.(error)
    throw error
  }

  return {
    async call(route, input) {
      const response = await request(route, input as AnyInput)
      if (response.status === 204) return undefined as never
      const text = await response.text()
      if (text === '') return undefined as never
      return JSON.parse(text) as never
    },
    raw: (route, input) => request(route, input as AnyInput),
    url(route, input) {
      const { params, query } = input as AnyInput
      return base + buildUrl(route.url, params, query)
    },
  }
}

async function readProblem(response: Response): Promise<ApiError> {
  const text = await response.text()
  const requestId = response.headers.get('x-request-id') ?? ''
  if (/json/.test(response.headers.get('content-type') ?? '')) {
    try {
      const problem = JSON.parse(text) as Partial<Problem>
      return new ApiError({ requestId, ...problem, status: response.status })
    } catch {
      // not JSON after all: falls through to the plain text
    }
  }
  const detail = text.length > 0 && text.length < 300 ? text : `${response.status} ${response.statusText}`.trim()
  return new ApiError({ status: response.status, detail, requestId })
}

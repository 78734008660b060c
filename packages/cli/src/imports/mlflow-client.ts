import { setTimeout as sleep } from 'node:timers/promises'
import { FailedError } from '../fail.ts'

type Value = string | number | readonly string[] | undefined

/** Calls to a server that speaks MLflow's protocol. */
export interface MlflowClient {
  /** Without credentials. */
  readonly url: string
  get<T>(path: string, query?: Readonly<Record<string, Value>>): Promise<T>
  send<T>(method: 'POST' | 'PATCH' | 'PUT' | 'DELETE', path: string, body: object): Promise<T>
  raw(
    method: 'GET' | 'PUT' | 'POST',
    path: string,
    options?: {
      query?: Readonly<Record<string, Value>>
      body?: Uint8Array<ArrayBuffer> | Blob
      headers?: Readonly<Record<string, string>>
    },
  ): Promise<Response>
  /** Milliseconds that were spent waiting for its answers. */
  waited(): number
}

/** The peer answered with an error. */
export class PeerError extends FailedError {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

const tries = 6
const longestMessage = 500
/** Characters of an answer that is read whole: a page of a thousand runs has a few million. */
const longestAnswer = 256 * 1024 * 1024

/** Credentials as MLflow's own client takes them: a token, a name with password, or both in the address. */
export function createMlflowClient(
  address: string,
  {
    env,
    signal,
    workspace,
  }: { env: Readonly<Record<string, string | undefined>>; signal: AbortSignal; workspace?: string },
): MlflowClient {
  const parsed = new URL(address)
  const user = decodeURIComponent(parsed.username) || env['MLFLOW_TRACKING_USERNAME']
  const password = decodeURIComponent(parsed.password) || env['MLFLOW_TRACKING_PASSWORD'] || ''
  const token = env['MLFLOW_TRACKING_TOKEN']
  const headers: Record<string, string> = user
    ? { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` }
    : token
      ? { authorization: `Bearer ${token}` }
      : {}
  const url = `${parsed.origin}${parsed.pathname.replace(/\/+$/, '')}`
  let waited = 0

  const call = async (
    method: string,
    path: string,
    query: Readonly<Record<string, Value>>,
    body?: { type: string; bytes: string | Uint8Array<ArrayBuffer> | Blob },
    more: Readonly<Record<string, string>> = {},
  ): Promise<Response> => {
    const search = new URLSearchParams()
    for (const [name, value] of Object.entries(query))
      for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) search.append(name, String(one))
    requirePath(path)
    const target = `${url}${path}${search.size > 0 ? `?${search}` : ''}`
    for (let attempt = 1; ; attempt += 1) {
      const began = performance.now()
      try {
        const answer = await fetch(target, {
          method,
          headers: {
            ...headers,
            ...(workspace === undefined ? {} : { 'x-mlflow-workspace': workspace }),
            ...(body ? { 'content-type': body.type } : {}),
            ...more,
          },
          ...(body ? { body: body.bytes } : {}),
          signal,
          // The credentials are for this server, and an answer that points elsewhere is none.
          redirect: 'manual',
        })
        if (answer.ok) return answer
        const { text } = await textOf(answer, longestMessage)
        if (![408, 429, 500, 502, 503, 504].includes(answer.status) || attempt >= tries)
          throw new PeerError(answer.status, `${url} answered ${answer.status} to ${path}: ${messageIn(text)}`)
        await sleep(Math.min(30, Number(answer.headers.get('retry-after')) || 0) * 1000, undefined, { signal })
      } catch (error) {
        if (error instanceof PeerError || signal.aborted) throw error
        if (attempt >= tries)
          throw new FailedError(
            `${url} cannot be reached: ${String((error as Error).cause ?? (error as Error).message)}.`,
          )
      } finally {
        waited += performance.now() - began
      }
      await sleep(100 * 2 ** attempt, undefined, { signal })
    }
  }
  const json = async <T>(answer: Response): Promise<T> => {
    const began = performance.now()
    const { text, whole } = await textOf(answer, longestAnswer)
    waited += performance.now() - began
    if (!whole)
      throw new FailedError(`${url} answered more than ${longestAnswer} characters where a page was asked for.`)
    try {
      return (text === '' ? {} : JSON.parse(text)) as T
    } catch {
      throw new FailedError(`${url} does not answer as an MLflow server does: no JSON. Is the address right?`)
    }
  }
  return {
    url,
    get: async (path, query = {}) => json(await call('GET', path, query)),
    send: async (method, path, body) =>
      json(await call(method, path, {}, { type: 'application/json', bytes: JSON.stringify(body) })),
    raw: (method, path, { query = {}, body, headers: more } = {}) =>
      call(method, path, query, body ? { type: 'application/octet-stream', bytes: body } : undefined, more),
    waited: () => waited,
  }
}

/** Ids and addresses in a path may be the peer's words: they lead to no other place of its host, where the same credentials may open something else. */
function requirePath(path: string): void {
  if (path.split(/[/\\]/).some((part) => /^(\.|%2e){1,2}$/i.test(part)) || /[?#]/.test(path))
    throw new FailedError(
      `The server names a place that leads out of its own: "${path.slice(0, 200)}". It is not called.`,
    )
}

/** The beginning of an answer; what is beyond is not waited for. */
async function textOf(answer: Response, most: number): Promise<{ text: string; whole: boolean }> {
  let text = ''
  const decoder = new TextDecoder()
  for await (const piece of answer.body ?? []) {
    text += decoder.decode(piece, { stream: true })
    if (text.length > most) return { text: text.slice(0, most), whole: false }
  }
  return { text: text + decoder.decode(), whole: true }
}

function messageIn(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown }
    return typeof message === 'string' ? message : text
  } catch {
    return text.replaceAll(/\s+/g, ' ')
  }
}

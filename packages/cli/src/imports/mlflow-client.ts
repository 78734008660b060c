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
    method: 'GET' | 'PUT',
    path: string,
    options?: { query?: Readonly<Record<string, Value>>; body?: Uint8Array<ArrayBuffer> | Blob },
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
  ): Promise<Response> => {
    const search = new URLSearchParams()
    for (const [name, value] of Object.entries(query))
      for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) search.append(name, String(one))
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
          },
          ...(body ? { body: body.bytes } : {}),
          signal,
          redirect: 'error',
        })
        if (answer.ok) return answer
        const text = (await answer.text()).slice(0, longestMessage)
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
    const text = await answer.text()
    waited += performance.now() - began
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
    raw: (method, path, { query = {}, body } = {}) =>
      call(method, path, query, body ? { type: 'application/octet-stream', bytes: body } : undefined),
    waited: () => waited,
  }
}

function messageIn(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown }
    return typeof message === 'string' ? message : text
  } catch {
    return text.replaceAll(/\s+/g, ' ')
  }
}

import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Client, World } from '@trivium/testing'
import { type Contents, type FuzzedRoute, type FuzzRequest, makeRequest } from './make-request.ts'
import { createRandom, type Random } from './random.ts'
import type { Pool } from './sample-schema.ts'
import type { MainWatch } from './watch-main.ts'

/** A request that the server should not have answered so, or not at all. */
export interface Finding {
  readonly why: string
  readonly seed: number
  readonly number: number
  readonly route: string
  readonly request: { method: string; url: string; headers: Record<string, string>; payload: string | undefined }
}

export interface FuzzOptions {
  readonly world: World
  readonly pool: Pool
  readonly contents: Contents
  /** By rank: who sends; most requests come from the first. */
  readonly clients: readonly (() => Promise<Client>)[]
  readonly seed: number
  /** How many requests are under way at a time; with more than one the order of answers, and so what is learnt from them, is not the seed's alone. */
  readonly atOnce?: number
  /** How long an answer may take, beside what the request itself asks to wait for, on a machine without other work; 20 seconds. */
  readonly patienceMs?: number
  /** Hears of each request that begins and ends. */
  readonly watch?: Pick<MainWatch, 'began' | 'ended'>
  /** Asked before each request. */
  over(sent: number): boolean
  onFinding(finding: Finding): void
  /** Makes the clients whole again after a request that was answered 401: what is fuzzed may have revoked their tokens. */
  revive?(): Promise<void>
}

/** Routes that end what the caller came with, never end, or have everything after them refused. */
const left = new Set([
  'POST /api/v1/logout',
  'GET /api/v1/projects/:project/events/stream',
  'PUT /api/v1/projects/:project/quotas',
])

/** What may answer 5xx, because the request asks for what is not there on purpose. */
const expected: readonly { status: number; code: RegExp }[] = [
  { status: 501, code: /^/ },
  // The gateway and the stores say that they are full or away; nothing here fills them.
  { status: 503, code: /^(SERVING\.(NO_GATEWAY|GATEWAY_AWAY|NOT_LOADED)|TEMPORARILY_UNAVAILABLE)$/ },
]

const patienceMs = 20_000
/** What has no answer after so many times the patience has none. */
const lateFactor = 6

/** Sends requests made from the routes' schemas until it is over; returns how many were answered by which status. */
export async function runFuzz(options: FuzzOptions): Promise<Map<number, number>> {
  const routes = fuzzedRoutes(options.world)
  const statuses = new Map<number, number>()
  let sent = 0
  const sendOne = async (number: number): Promise<void> => {
    const random = createRandom(options.seed * 1_000_003 + number)
    // Each route in turn: chance alone would leave some out for long.
    const route = routes[number % routes.length] as FuzzedRoute
    const asked = { ...route, method: route.method === 'GET' && random.chance(0.05) ? 'HEAD' : route.method }
    const request = makeRequest(random, asked, options.pool, options.contents)
    const patience = (options.patienceMs ?? patienceMs) + waitOf(request)
    const late = monitorEventLoopDelay()
    late.enable()
    const before = process.threadCpuUsage()
    const began = performance.now()
    options.watch?.began(number, request)
    const answer = await send(options, random, request, patience * lateFactor)
    options.watch?.ended(number)
    late.disable()
    const used = process.threadCpuUsage(before)
    const computed = Math.round((used.user + used.system) / 1000)
    const took = Math.round(performance.now() - began)
    if (answer?.status === 401) await options.revive?.()
    if (answer) statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
    const of = `the main thread was at most ${Math.round(late.max / 1e6)} ms late, and computed for ${computed} ms`
    // On a machine with other work many answers are late; on none does one take so much computing.
    const slow = took > patience && computed > patience / 2
    const why = !answer
      ? `no answer within ${patience * lateFactor} ms; ${of}`
      : slow
        ? `answered ${answer.status} after ${took} ms; ${of}`
        : wrongness(answer, request)
    if (why !== undefined)
      options.onFinding({
        why,
        seed: options.seed,
        number,
        route: `${route.method} ${route.url}`,
        request: shown(request),
      })
    if (answer && answer.status < 300) learn(options.pool, answer.text)
  }
  const work = async (): Promise<void> => {
    while (!options.over(sent)) {
      sent += 1
      await sendOne(sent - 1)
    }
  }
  await Promise.all(Array.from({ length: options.atOnce ?? 1 }, work))
  return statuses
}

/** Of the spellings of one protocol call the first: they share a handler. HEAD is asked now and then in place of GET. */
function fuzzedRoutes(world: World): FuzzedRoute[] {
  const known = new Set<string>()
  return world.app.routeTable.filter((route) => {
    const call = `${route.method} ${route.url.replace(/^\/(ajax-)?api\/[23]\.0\//, '/')}`
    if (route.method === 'HEAD' || left.has(`${route.method} ${route.url}`) || known.has(call)) return false
    known.add(call)
    return true
  })
}

interface Answered {
  status: number
  text: string
  type: string
}

/** What the request itself asks to wait for. */
function waitOf({ payload }: FuzzRequest): number {
  const asked = /"waitMs":(\d{1,6})\b/.exec(payload === undefined ? '' : Buffer.from(payload as string).toString())?.[1]
  return Math.min(60_000, Number(asked ?? 0))
}

async function send(
  options: FuzzOptions,
  random: Random,
  request: FuzzRequest,
  patienceMs: number,
): Promise<Answered | undefined> {
  const rank = random.chance(0.85) ? 0 : random.below(options.clients.length)
  const client = await (options.clients[rank] as () => Promise<Client>)()
  let timer: NodeJS.Timeout | undefined
  const patience = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), patienceMs)
  })
  try {
    const injected = options.world.app.inject({
      method: request.method as 'GET',
      url: request.url,
      headers: { host: 'localhost', authorization: `Bearer ${client.token}`, ...request.headers },
      ...(request.payload === undefined ? {} : { payload: Buffer.from(request.payload as string) }),
    })
    return await Promise.race([
      injected.then((answer) => ({
        status: answer.statusCode,
        text: answer.body,
        type: String(answer.headers['content-type'] ?? ''),
      })),
      patience,
    ])
  } catch (error) {
    // An answer that breaks off is one that a client sees as failed.
    return { status: 599, text: (error as Error).message, type: '' }
  } finally {
    clearTimeout(timer)
  }
}

/** What is wrong with an answer; undefined when it is fit to be seen. */
function wrongness({ status, text, type }: Answered, { method }: FuzzRequest): string | undefined {
  if (/json/.test(type) && text !== '' && !isJson(text))
    return `answered ${status} with JSON that cannot be read: ${text.slice(0, 200)}`
  if (status < 500) return undefined
  // A checkout whose UI nobody has built yet.
  if (status === 503 && (text.startsWith('The UI is not built yet') || (method === 'HEAD' && type === 'text/plain')))
    return undefined
  const code = /"(?:code|error_code)":"([^"]*)"/.exec(text)?.[1] ?? ''
  if (expected.some((one) => one.status === status && one.code.test(code))) return undefined
  return `answered ${status}: ${text.slice(0, 400)}`
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    // Lines of JSON are JSON by line.
    return text
      .trim()
      .split('\n')
      .every((line) => line.startsWith('{') && line.endsWith('}'))
  }
}

function learn(pool: Pool, text: string): void {
  if (text.length > 50_000) return
  try {
    pool.learn(JSON.parse(text))
  } catch {
    // Not everything that is answered is JSON.
  }
}

function shown({ method, url, headers, payload }: FuzzRequest): Finding['request'] {
  const text = payload === undefined ? undefined : Buffer.from(payload as string).toString()
  return { method, url: url.slice(0, 3000), headers, payload: text?.slice(0, 3000) }
}

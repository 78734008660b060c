import { brokenJson, mutate } from './mutate.ts'
import { oddText, oddValue } from './odd-values.ts'
import { filterText, inferenceSchema, orderText } from './protocol-fields.ts'
import type { Random } from './random.ts'
import { type Pool, sampleSchema, type Schema } from './sample-schema.ts'
import { wireSchemaOf } from './wire-fields.ts'

/** A route as the server tells it. */
export interface FuzzedRoute {
  readonly method: string
  readonly url: string
  readonly access: string
  readonly schema: { readonly params?: unknown; readonly querystring?: unknown; readonly body?: unknown }
}

export interface FuzzRequest {
  readonly method: string
  readonly url: string
  readonly headers: Record<string, string>
  readonly payload?: string | Uint8Array
}

/** Contents for routes that take bytes: good ones, to be cut in the middle and turned. */
export interface Contents {
  readonly files: readonly Uint8Array[]
}

const inference = /^\/(v2|deployments|invocations)(\/|$)/

/** One request to a route: right, nearly right, or wrong in one of many ways. */
export function makeRequest(random: Random, route: FuzzedRoute, pool: Pool, contents: Contents): FuzzRequest {
  const path = pathOf(random, route, pool)
  const query = queryOf(random, route, pool)
  const url = query === '' ? path : `${path}?${query}`
  const headers = oddHeaders(random, pool)
  if (route.method === 'GET' || route.method === 'HEAD' || (route.method === 'DELETE' && random.chance(0.6)))
    return { method: route.method, url, headers }
  const takesBytes =
    route.schema.body === undefined &&
    (route.method === 'PUT' || /versions$|files?$|mpu/.test(route.url)) &&
    !inference.test(route.url)
  if (takesBytes && random.chance(0.85)) {
    return {
      method: route.method,
      url,
      headers: {
        'content-type': random.pick(['application/octet-stream', 'text/csv', 'multipart/form-data; boundary=x']),
        ...headers,
      },
      payload: random.chance(0.3) ? multipart(random) : cut(random, random.pick(contents.files)),
    }
  }
  return { method: route.method, url, ...bodyOf(random, route, pool, headers) }
}

function bodyOf(
  random: Random,
  route: FuzzedRoute,
  pool: Pool,
  headers: Record<string, string>,
): { headers: Record<string, string>; payload?: string | Uint8Array } {
  const schema = (route.schema.body ??
    (inference.test(route.url) ? inferenceSchema : wireSchemaOf(route.url))) as Schema
  let value = sampleSchema(random, schema, pool)
  if (!route.schema.body && value !== null && typeof value === 'object') {
    if (random.chance(0.3)) Object.assign(value, { filter: filterText(random, pool) })
    if (random.chance(0.1)) Object.assign(value, { order_by: [orderText(random)] })
  }
  const how = random.below(10)
  if (how >= 4 && how < 8) value = mutate(random, value)
  if (how === 8) value = oddValue(random)
  const json = JSON.stringify(value) ?? ''
  const payload = how === 9 ? brokenJson(random, json) : json
  if (random.chance(0.06))
    return {
      headers: { 'content-type': oddContentType(random), ...headers },
      payload: random.chance(0.5) ? multipart(random) : payload,
    }
  return { headers: { 'content-type': 'application/json', ...headers }, payload }
}

function pathOf(random: Random, route: FuzzedRoute, pool: Pool): string {
  const schema = route.schema.params as Schema | undefined
  return route.url.replaceAll(/:(\w+)|\*/g, (_whole, name: string | undefined) => {
    const key = name ?? 'path'
    const property = schema?.properties?.[key] ?? { type: 'string' }
    if (key === 'project' && random.chance(0.97)) return 'default'
    const odd = random.chance(0.12)
    const value = odd ? oddText(random) : String(sampleSchema(random, property, pool, key))
    if (random.chance(0.02)) return random.pick(['%', '%zz', '%ff', '%c0%ae', '%00', '%2F%2F', ';a=b', '%ed%a0%80'])
    return name === undefined ? value.split('/').map(encoded).join('/') : encoded(value)
  })
}

/** A lone surrogate has no encoding; it is sent as the bytes that a careless client makes of it. */
function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed()) || 'x'
}

function queryOf(random: Random, route: FuzzedRoute, pool: Pool): string {
  const known = route.schema.querystring as Schema | undefined
  const wire = !route.url.startsWith('/api/v1/')
  const schema = known ?? (wire && route.method === 'GET' ? wireSchemaOf(route.url) : undefined)
  const parts: string[] = []
  if (schema && random.chance(0.85)) {
    const value = sampleSchema(random, schema, pool) as Record<string, unknown>
    for (const [name, entry] of Object.entries(value)) {
      const values = Array.isArray(entry) ? entry : [entry]
      for (const one of values) {
        const filtered = name === 'filter' ? filterText(random, pool) : name === 'order_by' ? orderText(random) : one
        const chosen = random.chance(0.1) ? oddText(random) : filtered
        parts.push(`${encoded(name)}=${encoded(typeof chosen === 'string' ? chosen : (JSON.stringify(chosen) ?? ''))}`)
      }
      if (random.chance(0.03)) parts.push(...Array.from({ length: 300 }, () => `${encoded(name)}=1`))
    }
  }
  if (random.chance(0.05))
    parts.push(
      random.pick([
        '%',
        '%zz=1',
        '__proto__=1',
        'constructor[prototype]=1',
        '=',
        '&&',
        'a[]=1',
        'limit=1&limit=2',
        '%00=%00',
        '?',
        'page_token=%ff',
        `x=${'y'.repeat(6000)}`,
      ]),
    )
  return parts.join('&').slice(0, 14_000)
}

function oddHeaders(random: Random, pool: Pool): Record<string, string> {
  const headers: Record<string, string> = {}
  if (random.chance(0.06))
    headers['range'] = random.pick([
      'bytes=0-0',
      'bytes=-5',
      'bytes=5-',
      'bytes=9-1',
      'bytes=0-99999999999999999999',
      'bytes=0-1,3-4',
      'bytes=',
      'lines=1-2',
      'bytes=a-b',
      'bytes=-0',
      `bytes=${'0-1,'.repeat(500)}`,
    ])
  if (random.chance(0.03)) headers['if-match'] = random.pick(['*', '"x"', 'W/"1"', '', '"', '1', 'x'.repeat(3000)])
  if (random.chance(0.03)) headers['if-none-match'] = random.pick(['*', '"x"', ''])
  if (random.chance(0.03))
    headers['accept'] = random.pick(['', 'text/html', 'application/openmetrics-text', '*/*;q=x', 'x'.repeat(2000)])
  if (random.chance(0.03)) headers['content-encoding'] = random.pick(['gzip', 'br', 'identity', 'x'])
  if (random.chance(0.04))
    headers['x-mlflow-workspace'] = pool.find(random, 'project', undefined)?.replaceAll(/[^ -~]/g, '') ?? 'x'
  if (random.chance(0.03)) headers['x-request-id'] = random.pick(['', 'x'.repeat(4000), '%s', '__proto__'])
  if (random.chance(0.02))
    headers['authorization'] = random.pick([
      '',
      'Bearer',
      'Bearer ',
      'Basic',
      'Basic ====',
      'Basic Og==',
      'Digest x',
      `Bearer ${'x'.repeat(5000)}`,
    ])
  if (random.chance(0.02))
    headers['cookie'] = random.pick([
      'trivium_session=',
      'trivium_session=x; trivium_session=y',
      '=;=;',
      '%',
      '__proto__=1',
    ])
  if (random.chance(0.02)) headers['inference-header-content-length'] = random.pick(['0', '-1', 'x', '99999999999'])
  if (random.chance(0.02)) headers['last-event-id'] = random.pick(['-1', 'x', '99999999999999999999'])
  return headers
}

const oddContentType = (random: Random): string =>
  random.pick([
    '',
    'text/plain',
    'application/xml',
    'application/json; charset=utf-16',
    'application/json;;;',
    'application',
    'multipart/form-data',
    'multipart/form-data; boundary=',
    'application/x-www-form-urlencoded',
    '*/*',
    'text/csv',
    'x'.repeat(500),
  ])

/** Parts that begin and do not end, end and did not begin, and one that ends well. */
function multipart(random: Random): string {
  const part = '--x\r\ncontent-disposition: form-data; name="file"; filename="a.csv"\r\n\r\na,b\r\n1,2\r\n'
  return random.pick([
    `${part}--x--\r\n`,
    part,
    part.repeat(300),
    '--x',
    '--x--',
    '',
    `--x\r\n${'a: b\r\n'.repeat(500)}`,
    `--y\r\n\r\n--x--`,
    `--x\r\ncontent-disposition: form-data; name="${'n'.repeat(5000)}"\r\n\r\n`,
  ])
}

/** A file as it is, cut off, or with a few bytes turned. */
function cut(random: Random, file: Uint8Array): Uint8Array {
  const made = Buffer.from(file.subarray(0, random.chance(0.5) ? random.below(file.length + 1) : file.length))
  if (random.chance(0.4) && made.length > 0)
    for (let n = random.below(6); n > 0; n -= 1) made[random.below(made.length)] = random.below(256)
  return made
}

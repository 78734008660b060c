import { createHash, createHmac } from 'node:crypto'

/** Who signs, and for which region. */
export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string | undefined
  readonly region: string
}

/** A request as it goes out. The path is encoded; query values are not. */
export interface Signable {
  readonly method: string
  readonly host: string
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>
}

/** Encodes as AWS Signature Version 4 wants it: everything but letters, digits and `-._~`. */
export function encodePart(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
}

/** The query in canonical order, which is also a good order to send it in. */
export function queryText(query: Readonly<Record<string, string>>): string {
  return Object.entries(query)
    .map(([name, value]) => [encodePart(name), encodePart(value)] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}

/** The headers of a request signed with AWS Signature Version 4. `payloadHash` is the SHA-256 of the body, which the store checks. */
export function signRequest(
  credentials: Credentials,
  request: Signable,
  payloadHash: string,
  at: Date,
): Record<string, string> {
  const headers: Record<string, string> = {
    ...request.headers,
    host: request.host,
    'x-amz-content-sha256': payloadHash,
    'x-amz-date': timeText(at),
    ...(credentials.sessionToken ? { 'x-amz-security-token': credentials.sessionToken } : {}),
  }
  const { names, signature } = sign(credentials, request, headers, payloadHash, at)
  const credential = `${credentials.accessKeyId}/${scopeOf(credentials, at)}`
  return {
    ...headers,
    authorization: `AWS4-HMAC-SHA256 Credential=${credential},SignedHeaders=${names},Signature=${signature}`,
  }
}

/** A URL that carries its signature, good for `seconds`. Whoever uses it must send exactly `request.headers`. */
export function signUrl(
  credentials: Credentials,
  request: Signable,
  { scheme, seconds, at }: { scheme: string; seconds: number; at: Date },
): string {
  const headers = { ...request.headers, host: request.host }
  const query: Record<string, string> = {
    ...request.query,
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${credentials.accessKeyId}/${scopeOf(credentials, at)}`,
    'X-Amz-Date': timeText(at),
    'X-Amz-Expires': String(seconds),
    'X-Amz-SignedHeaders': signedNames(headers),
    ...(credentials.sessionToken ? { 'X-Amz-Security-Token': credentials.sessionToken } : {}),
  }
  const { signature } = sign(credentials, { ...request, query }, headers, 'UNSIGNED-PAYLOAD', at)
  return `${scheme}//${request.host}${request.path}?${queryText(query)}&X-Amz-Signature=${signature}`
}

function sign(
  credentials: Credentials,
  { method, path, query }: Signable,
  headers: Readonly<Record<string, string>>,
  payloadHash: string,
  at: Date,
): { names: string; signature: string } {
  const names = signedNames(headers)
  const lines = Object.entries(headers)
    .map(([name, value]) => [name.toLowerCase(), value.trim().replaceAll(/ +/g, ' ')] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}:${value}\n`)
    .join('')
  const canonical = [method, path, queryText(query), lines, names, payloadHash].join('\n')
  const digest = createHash('sha256').update(canonical).digest('hex')
  const text = ['AWS4-HMAC-SHA256', timeText(at), scopeOf(credentials, at), digest].join('\n')
  const key = [timeText(at).slice(0, 8), credentials.region, 's3', 'aws4_request'].reduce<string | Buffer>(
    (before, part) => createHmac('sha256', before).update(part).digest(),
    `AWS4${credentials.secretAccessKey}`,
  )
  return { names, signature: createHmac('sha256', key).update(text).digest('hex') }
}

function signedNames(headers: Readonly<Record<string, string>>): string {
  return Object.keys(headers)
    .map((name) => name.toLowerCase())
    .toSorted()
    .join(';')
}

function scopeOf({ region }: Credentials, at: Date): string {
  return `${timeText(at).slice(0, 8)}/${region}/s3/aws4_request`
}

function timeText(at: Date): string {
  return at.toISOString().replaceAll(/[-:]|\.\d{3}/g, '')
}

import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { quotaNames } from '@trivium/contract'
import { Ajv } from 'ajv'
import { Type, type Static, type TSchema } from 'typebox'
import { yaml } from '../libraries/index.ts'
import { defineErrors } from '../errors/index.ts'

const quota = `(${quotaNames.join('|')})=[0-9]{1,15}`

/** Every setting of the server, with its default and its meaning. The reference page and the editors' JSON Schema are generated from here. */
export const configSchema = Type.Object(
  {
    data: Type.String({
      default: join(homedir(), '.trivium'),
      description: 'Directory that holds the database, the object store, segments and logs.',
    }),
    host: Type.String({
      default: '127.0.0.1',
      description: 'Address to listen on. Anything but loopback needs `allowRemote`.',
    }),
    port: Type.Integer({
      default: 4000,
      minimum: 0,
      maximum: 65535,
      description: 'Port of the UI and the API; 0 takes a free one.',
    }),
    inferencePort: Type.Integer({
      default: 0,
      minimum: 0,
      maximum: 65535,
      description: 'Port of the gateway; 0 takes a free one. The main port forwards to it.',
    }),
    allowRemote: Type.Boolean({ default: false, description: 'Allows a host other than loopback.' }),
    role: Type.String({
      default: '',
      pattern: '^((api|engine|gateway)(,(api|engine|gateway))*)?$',
      description:
        'What this server does: any of api, engine, gateway, comma-separated; empty is all of it. Less than all needs Postgres.',
    }),
    peerHost: Type.String({
      default: '',
      description:
        'Name or address under which the other servers of the same database reach this one; empty is `host`, or the name of the machine where that means all addresses.',
    }),
    publicUrl: Type.String({
      default: '',
      description: 'URL under which people and steps reach this server; empty is the address that it listens on.',
    }),
    tlsCertificate: Type.String({
      default: '',
      description:
        'File with the TLS certificate and its chain (PEM). With it and `tlsKey` both ports speak HTTPS only, 1.2 or newer; changed files are taken up without a restart.',
    }),
    tlsKey: Type.String({ default: '', description: 'File with the private key of `tlsCertificate` (PEM).' }),
    trustedProxies: Type.String({
      default: '',
      description:
        'Reverse proxies whose forwarded headers are believed: comma-separated addresses and networks such as 10.0.0.0/8. Empty: nobody is.',
    }),
    trustedProxyHeaders: Type.Union([Type.Literal('x-forwarded'), Type.Literal('forwarded')], {
      default: 'x-forwarded',
      description:
        'What they set: X-Forwarded-For, -Proto and -Host, or Forwarded (RFC 7239). The other kind is ignored.',
    }),
    databaseUrl: Type.String({
      default: '',
      description: 'postgres://… for teams; empty is SQLite in the data directory.',
    }),
    storageUrl: Type.String({
      default: '',
      pattern: '^(s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._/-]*)?|file:///[A-Za-z0-9._/-]+)?$',
      description:
        'Where content is kept: s3://BUCKET or s3://BUCKET/PREFIX, which exists and belongs to this instance alone; file:///DIRECTORY that all servers of a database share; empty is the data directory.',
    }),
    storageEndpoint: Type.String({
      default: '',
      description: 'https://… of an S3 server; empty is that of Amazon for the region.',
    }),
    storageRegion: Type.String({
      default: 'us-east-1',
      description: 'Region that requests to the S3 server are signed for.',
    }),
    storageAccessKeyId: Type.String({ default: '', description: 'Name of the key for the S3 server.' }),
    storageSecretAccessKey: Type.String({
      default: '',
      description: 'Secret of the key for the S3 server; better given as a file.',
    }),
    storageSessionToken: Type.String({ default: '', description: 'Token of a temporary key for the S3 server.' }),
    storageLinks: Type.Boolean({
      default: false,
      description: 'Sends clients that ask for it to the S3 server by signed links; they must be able to reach it.',
    }),
    storageCopies: Type.Integer({
      default: 10_240,
      minimum: 16,
      description: 'MiB on this machine for copies of content from the S3 server, where engines need files.',
    }),
    storageGrace: Type.Integer({
      default: 24,
      minimum: 1,
      description:
        'Hours for which content that nothing refers to is kept in place, and again as long set aside, before it is removed.',
    }),
    storageCollect: Type.Integer({
      default: 24,
      minimum: 0,
      description: 'Hours from one collection of unused content to the next; 0 leaves it to you.',
    }),
    storageScrub: Type.Integer({
      default: 30,
      minimum: 0,
      maximum: 3650,
      description:
        'Days in which all content is read once and compared with its digest, a little at a time; 0 leaves it to you.',
    }),
    adminToken: Type.String({
      default: '',
      description:
        'Token of the first administrator, taken on the first start. Empty: one is made and kept in the data directory with mode 600.',
    }),
    signingKey: Type.String({
      default: '',
      description:
        'Ed25519 private key (PEM) that checkpoints of the events are signed with; servers of one database share it. Empty: one is made and kept in the data directory with mode 600.',
    }),
    checkpointDirectory: Type.String({
      default: '',
      description:
        'Second place for the signed checkpoints of the events, best on another machine or a medium that is written once; empty for none.',
    }),
    eventRetentionMonths: Type.Integer({
      default: 0,
      minimum: 0,
      maximum: 1200,
      description:
        'Whole months before this one whose events stay in the database; older ones are moved to Parquet files in the object store, month by month, and can still be listed and verified. 0 keeps all.',
    }),
    accessLogDays: Type.Integer({
      default: 90,
      minimum: 1,
      maximum: 3650,
      description: 'Days after which entries of the access log are removed.',
    }),
    trashDays: Type.Integer({
      default: 30,
      minimum: 0,
      maximum: 36500,
      description:
        'Days after which deleted experiments and runs are removed for good, with their files; 0 keeps them until somebody removes them.',
    }),
    metricHotDays: Type.Integer({
      default: 7,
      minimum: 0,
      maximum: 36500,
      description:
        'Days after the end of a run after which its metric points, where they are many, are moved from the database to a Parquet file in the object store; everything reads them as before. 0 keeps all in the database.',
    }),
    vaultKey: Type.String({
      default: '',
      description:
        'Key that stored secrets are encrypted with, 32 bytes in base64; servers of one database share it. Several, separated by commas: the first one encrypts. Empty: one is made and kept in the data directory with mode 600.',
    }),
    vaultCommand: Type.String({
      default: '',
      description:
        'Program that wraps the keys of stored secrets in a key management service: called with `wrap` or `unwrap` as its last argument, a key on standard input and output. Several, separated by commas: the first one wraps.',
    }),
    passwords: Type.Boolean({
      default: false,
      description: 'Lets people set a password and sign in with it; login links and single sign-on work without.',
    }),
    oidcIssuer: Type.String({
      default: '',
      description:
        'URL of the OpenID Connect provider that people sign in with, as it names itself (`iss`); empty for none. Needs `oidcClientId` and `publicUrl`.',
    }),
    oidcClientId: Type.String({ default: '', description: 'Name of this server at the provider.' }),
    oidcClientSecret: Type.String({
      default: '',
      description:
        'Secret of this server at the provider, better given as a file; empty for a public client, which PKCE alone protects.',
    }),
    oidcScopes: Type.String({
      default: 'openid profile email',
      description: 'Scopes that are asked for, separated by spaces; `openid` belongs to them.',
    }),
    oidcGroupsClaim: Type.String({
      default: 'groups',
      description: "Claim that lists the names of a person's groups.",
    }),
    oidcRoleMap: Type.String({
      default: '',
      description:
        'Roles that groups at the provider bring: comma-separated GROUP=ROLE@PROJECT, or GROUP=instance-admin for administrators of the instance.',
    }),
    sessionHours: Type.Integer({
      default: 336,
      minimum: 1,
      maximum: 8760,
      description: 'Hours after which a browser session ends at the latest.',
    }),
    sessionIdleHours: Type.Integer({
      default: 168,
      minimum: 1,
      maximum: 8760,
      description: 'Hours without use after which a browser session ends.',
    }),
    egressAllow: Type.String({
      default: '',
      description:
        'Internal hosts that every connection may call, also without TLS: comma-separated host, host:port, address or network such as 10.0.0.0/8. Administrators can allow them for one connection instead.',
    }),
    logLevel: Type.Union(
      [
        Type.Literal('trace'),
        Type.Literal('debug'),
        Type.Literal('info'),
        Type.Literal('warn'),
        Type.Literal('error'),
        Type.Literal('silent'),
      ],
      { default: 'warn', description: 'Least severe level that is logged.' },
    ),
    otlpEndpoint: Type.String({
      default: '',
      pattern: '^(https?://[^\\s]+)?$',
      description:
        'Base URL of an OTLP/HTTP receiver that traces are sent to; empty sends none. An internal address also needs `egressAllow`.',
    }),
    otlpHeaders: Type.String({
      default: '',
      description:
        'Headers for the receiver of traces, `name=value` and comma-separated, such as its credentials; better given as a file.',
    }),
    python: Type.String({
      default: '',
      description: 'Python interpreter for steps without a lock file; empty looks for python3 on PATH.',
    }),
    tablesMemory: Type.String({
      default: '1GB',
      description:
        'What the calls of the tables process may take; it is replaced when it keeps more than 320 MiB afterwards.',
    }),
    tablesThreads: Type.Integer({ default: 2, minimum: 1, maximum: 64, description: 'Threads of the tables process.' }),
    quotas: Type.String({
      default: '',
      pattern: `^(${quota}(,${quota})*)?$`,
      description:
        'Limits of projects and principals where an administrator has set none for the project: comma-separated NAME=NUMBER such as storage=100000000000,running-steps=4; 0 is none.',
    }),
    requestsPerMinute: Type.Integer({
      default: 1_200_000,
      minimum: 1,
      description:
        'Inference requests that one token may make of one deployment in a minute, where the deployment says nothing else.',
    }),
    stepSlots: Type.Integer({
      default: 2,
      minimum: 1,
      maximum: 256,
      description: 'Pipeline steps that may run at once on this machine.',
    }),
    codeExecution: Type.Union([Type.Literal('contained'), Type.Literal('off'), Type.Literal('uncontained')], {
      default: 'contained',
      description:
        'Code of pipelines on this machine: contained in a sandbox of the kernel, off, or uncontained with all rights of this server, which is refused once two people may bring code.',
    }),
    codeReads: Type.String({
      default: '',
      description:
        'More files and directories that contained steps may read, comma-separated, such as a mounted share.',
    }),
    stepMemory: Type.String({
      default: '8GB',
      pattern: '^[0-9]+(\\.[0-9]+)?[KMGT]i?B$',
      description: 'Memory that the processes of a step may use together, where its resources say nothing else.',
    }),
    stepDisk: Type.String({
      default: '20GB',
      pattern: '^[0-9]+(\\.[0-9]+)?[KMGT]i?B$',
      description: 'Disk that a step may write, where its resources say nothing else.',
    }),
    stepCpus: Type.Integer({
      default: 0,
      minimum: 0,
      maximum: 1024,
      description: 'Processors that a step runs on, where its resources say nothing else; 0 is all.',
    }),
    stepProcesses: Type.Integer({
      default: 256,
      minimum: 1,
      maximum: 100_000,
      description: 'Processes that a step may have at once, where its resources say nothing else.',
    }),
    stepHours: Type.Integer({
      default: 24,
      minimum: 1,
      maximum: 8760,
      description: 'Hours after which a step is ended, where it has neither a timeout nor a limit of time.',
    }),
    leaseMs: Type.Integer({
      default: 30_000,
      minimum: 200,
      description: 'Milliseconds after which a silent worker loses its job.',
    }),
    bodyLimit: Type.Integer({
      default: 1_048_576,
      minimum: 1024,
      description: 'Largest JSON body in bytes, where a route does not say otherwise.',
    }),
  },
  { additionalProperties: false },
)
export type Config = Readonly<Static<typeof configSchema>>

/** What a server may do: `api` answers people and clients, `engine` works on what they caused, `gateway` answers predictions. */
export const roles = ['api', 'engine', 'gateway'] as const
export type ServerRole = (typeof roles)[number]

/** The roles of a server; without another word all. */
export function rolesOf({ role }: Pick<Config, 'role'>): ReadonlySet<ServerRole> {
  return new Set(role === '' ? roles : roles.filter((one) => role.split(',').includes(one)))
}

export const configErrors = defineErrors('CONFIG', {
  UNKNOWN_KEY: {
    status: 400,
    message: (key: string, source: string, nearest: string) =>
      `Unknown setting "${key}" in ${source}. Did you mean "${nearest}"?`,
  },
  BAD_VALUE: {
    status: 400,
    message: (key: string, source: string, why: string) => `Setting "${key}" in ${source} ${why}.`,
  },
  FILE_UNREADABLE: {
    status: 400,
    message: (path: string, why: string) => `Configuration file ${path} cannot be read: ${why}`,
  },
  REMOTE_NOT_ALLOWED: {
    status: 400,
    message: (host: string) =>
      `Host ${host} is not loopback. Everybody on that network could reach this server; say --allow-remote if you mean it.`,
  },
})

type Loose = Record<string, unknown>
const keys = Object.keys(configSchema.properties) as (keyof Config)[]
const defaults = Object.fromEntries(
  Object.entries<TSchema & { default?: unknown }>(configSchema.properties).flatMap(([key, schema]) =>
    schema.default === undefined ? [] : [[key, schema.default]],
  ),
)
const ajv = new Ajv({ strict: false })
const environmentName = (key: string): string => `TRIVIUM_${key.replaceAll(/[A-Z]/g, (c) => `_${c}`).toUpperCase()}`
/** Variables of the client and of child processes that share the prefix. */
const notSettings = new Set(['TRIVIUM_URL', 'TRIVIUM_TOKEN', 'TRIVIUM_CONFIG', 'TRIVIUM_PROJECT'])

/** Defaults < file < environment (`TRIVIUM_…`, `…_FILE` reads a file) < flags. Unknown keys are errors that name the nearest one. */
export function loadConfig({
  flags,
  environment,
  file,
}: {
  flags: Loose
  environment: Record<string, string | undefined>
  file?: string
}): Config {
  const path = file ?? environment['TRIVIUM_CONFIG']
  const layers: [string, Loose][] = []
  if (path !== undefined) layers.push([`file ${path}`, readFile(path)])
  layers.push(['the environment', fromEnvironment(environment)])
  layers.push(['the command line', flags])
  const merged: Loose = {}
  for (const [source, layer] of layers) {
    for (const [key, raw] of Object.entries(layer)) {
      if (raw === undefined) continue
      if (!keys.includes(key as keyof Config)) throw configErrors.UNKNOWN_KEY(key, source, nearest(key))
      merged[key] = checked(key as keyof Config, raw, source)
    }
  }
  const config = { ...defaults, ...merged } as Config
  const host = config.host
  if (!config.allowRemote && !['127.0.0.1', 'localhost', '::1'].includes(host))
    throw configErrors.REMOTE_NOT_ALLOWED(host)
  if ((config.tlsCertificate === '') !== (config.tlsKey === ''))
    throw configErrors.BAD_VALUE(
      config.tlsKey === '' ? 'tlsKey' : 'tlsCertificate',
      'the configuration',
      'is missing; TLS needs the certificate and its key',
    )
  if (config.storageUrl.startsWith('s3:') && (config.storageAccessKeyId === '' || config.storageSecretAccessKey === ''))
    throw configErrors.BAD_VALUE(
      'storageUrl',
      'the configuration',
      'needs storageAccessKeyId and storageSecretAccessKey',
    )
  if (rolesOf(config).has('engine') && !rolesOf(config).has('api') && config.publicUrl === '')
    throw configErrors.BAD_VALUE(
      'role',
      'the configuration',
      'leaves out api, so that publicUrl must say where steps reach the API',
    )
  if (config.databaseUrl === '' && config.role !== '' && rolesOf(config).size < roles.length)
    throw configErrors.BAD_VALUE(
      'role',
      'the configuration',
      `is "${config.role}", which needs databaseUrl: SQLite belongs to the one server that does everything. Move to Postgres, or leave out the role`,
    )
  if (config.oidcIssuer !== '' && (config.oidcClientId === '' || config.publicUrl === ''))
    throw configErrors.BAD_VALUE(
      'oidcIssuer',
      'the configuration',
      'needs oidcClientId, and publicUrl, to which the provider sends people back',
    )
  if (!config.oidcScopes.split(/\s+/).includes('openid'))
    throw configErrors.BAD_VALUE('oidcScopes', 'the configuration', 'must hold openid')
  return Object.freeze({ ...config, data: resolve(config.data) })
}

function readFile(path: string): Loose {
  try {
    const parsed: unknown = yaml().parse(readFileSync(path, 'utf8')) ?? {}
    if (typeof parsed !== 'object' || Array.isArray(parsed)) throw new Error('it holds no settings (`name: value`).')
    return parsed as Loose
  } catch (error) {
    throw configErrors.FILE_UNREADABLE(path, (error as Error).message)
  }
}

function fromEnvironment(environment: Record<string, string | undefined>): Loose {
  const layer: Loose = {}
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith('TRIVIUM_') || value === undefined || notSettings.has(name)) continue
    const isFile = name.endsWith('_FILE')
    const bare = isFile ? name.slice(0, -5) : name
    const key = keys.find((k) => environmentName(k) === bare)
    if (!key)
      throw configErrors.UNKNOWN_KEY(
        name,
        'the environment',
        environmentName(
          nearest(
            bare
              .replace('TRIVIUM_', '')
              .toLowerCase()
              .replaceAll(/_(.)/g, (_, c: string) => c.toUpperCase()),
          ),
        ),
      )
    if (isFile && !existsSync(value))
      throw configErrors.BAD_VALUE(name, 'the environment', `names ${value}, which does not exist`)
    if (key in layer)
      throw configErrors.BAD_VALUE(key, 'the environment', `is there twice: as ${bare} and as ${bare}_FILE; keep one`)
    layer[key] = isFile ? readFileSync(value, 'utf8').trim() : value
  }
  return layer
}

/** Settings whose values are shown nowhere. */
const secrets: ReadonlySet<keyof Config> = new Set([
  'adminToken',
  'databaseUrl',
  'oidcClientSecret',
  'otlpHeaders',
  'signingKey',
  'storageSecretAccessKey',
  'storageSessionToken',
  'vaultKey',
])

function checked(key: keyof Config, raw: unknown, source: string): unknown {
  const schema: TSchema & { type?: string } = configSchema.properties[key]
  const value = typeof raw === 'string' ? fromText(raw, schema.type) : raw
  const shown = secrets.has(key) ? '' : ` (it is ${JSON.stringify(raw)})`
  if (!ajv.validate(schema, value))
    throw configErrors.BAD_VALUE(key, source, `${ajv.errors?.[0]?.message ?? 'has another form'}${shown}`)
  if (key === 'oidcIssuer' && value !== '' && !/^https?:\/\//.test(String(value)))
    throw configErrors.BAD_VALUE(key, source, `must be a URL such as https://login.example.org${shown}`)
  if ((key !== 'publicUrl' && key !== 'storageEndpoint') || value === '') return value
  if (!/^https?:\/\//.test(String(value)) || !URL.canParse(String(value)))
    throw configErrors.BAD_VALUE(
      key,
      source,
      `must be a URL such as https://${key === 'publicUrl' ? 'trivium' : 's3'}.example${shown}`,
    )
  return String(value).replace(/\/+$/, '')
}

/** The environment and the command line hold text only; whatever is not clearly a number or a truth value stays what it is. */
function fromText(text: string, type: string | undefined): unknown {
  if (type === 'integer' && /^-?\d+$/.test(text)) return Number(text)
  if (type === 'boolean' && /^(true|false|1|0)$/.test(text)) return text === 'true' || text === '1'
  return text
}

function nearest(key: string): string {
  const distance = (a: string, b: string): number => {
    let row = Array.from({ length: b.length + 1 }, (_, i) => i)
    for (let i = 1; i <= a.length; i += 1) {
      const next = [i]
      for (let j = 1; j <= b.length; j += 1)
        next.push(
          Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)),
        )
      row = next
    }
    return row[b.length] ?? 0
  }
  return (
    keys.toSorted(
      (a, b) => distance(key.toLowerCase(), a.toLowerCase()) - distance(key.toLowerCase(), b.toLowerCase()),
    )[0] ?? ''
  )
}

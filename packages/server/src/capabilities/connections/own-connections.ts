import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { isInternalAddress } from '../../kernel/egress/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { readHeaders } from '../../kernel/telemetry/index.ts'
import type { KnownConnection } from './known-connection.ts'

type Deps = Pick<Kernel, 'config' | 'db' | 'events' | 'ownBlobs' | 'vault' | 'vaultKeys' | 'egress'>

/** What the settings of the server name: database, object store, key service, identity provider, receiver of traces, second place of checkpoints. */
export function ownConnections(kernel: Deps): KnownConnection[] {
  return [
    database(kernel),
    objectStore(kernel),
    vaultCommand(kernel),
    signIn(kernel),
    traces(kernel),
    checkpointCopy(kernel),
  ]
}

/** Host and port of a URL, without credentials, path and query. */
export function originOf(text: string): string {
  if (!URL.canParse(text)) return text === '' ? '' : 'an address that cannot be read'
  const url = new URL(text)
  return url.host === '' ? url.protocol.replace(/:$/, '') : `${url.protocol}//${url.host}`
}

const ms = async (work: () => Promise<unknown>): Promise<number> => {
  const started = performance.now()
  await work()
  return Math.max(1, Math.round(performance.now() - started))
}

function database({ config, db, events }: Deps): KnownConnection {
  const url = config.databaseUrl === '' ? undefined : new URL(config.databaseUrl)
  const mode = url?.searchParams.get('sslmode')
  return {
    name: 'database',
    purpose: 'Everything but content: people, projects, versions, events',
    address: url ? `${originOf(config.databaseUrl)}${url.pathname}` : 'SQLite in the data directory',
    through: 'driver',
    tls: !url
      ? 'none-needed'
      : mode === null || mode === undefined
        ? 'unknown'
        : ['disable', 'allow', 'prefer'].includes(mode)
          ? 'no'
          : 'yes',
    settings: ['databaseUrl'],
    credentials: url?.password ? 'the setting databaseUrl' : null,
    test: async () => `answered in ${await ms(() => events.head(db.read))} ms`,
  }
}

function objectStore({ config, ownBlobs: blobs }: Deps): KnownConnection {
  const remote = config.storageUrl.startsWith('s3:')
  const endpoint = config.storageEndpoint || `https://s3.${config.storageRegion}.amazonaws.com`
  return {
    name: 'object-store',
    purpose: 'Content that no project keeps elsewhere: files, tables, models; checkpoints of the events',
    address: remote
      ? `${config.storageUrl} at ${originOf(endpoint)}`
      : config.storageUrl === ''
        ? 'the data directory'
        : config.storageUrl,
    through: 'driver',
    tls: !remote ? 'none-needed' : endpoint.startsWith('https:') ? 'yes' : 'no',
    settings: ['storageUrl', ...(remote ? ['storageEndpoint'] : [])],
    credentials: remote ? `the settings storageAccessKeyId and storageSecretAccessKey` : null,
    test: async () => {
      const content = randomBytes(64)
      const took = await ms(async () => {
        const { digest } = await blobs.put('default', content)
        const found = await blobs.read('default', digest)
        await blobs.delete('default', digest)
        if (!found.equals(content)) throw new Error('It gave back other bytes than it was given.')
      })
      return `64 bytes were written, read and removed in ${took} ms`
    },
  }
}

function vaultCommand({ config, vault, vaultKeys }: Deps): KnownConnection {
  const [program = ''] = config.vaultCommand.trim().split(/[\s,]+/)
  return {
    name: 'vault-command',
    purpose: 'Wraps the keys of stored secrets in a key management service',
    address: program === '' ? null : program,
    through: 'program',
    tls: 'unknown',
    settings: ['vaultCommand'],
    ...(program === '' || vaultKeys.current.source !== 'command'
      ? { untested: 'no program wraps keys.' }
      : {
          test: async () => {
            const took = await ms(async () => {
              const about = 'connection-test'
              if ((await vault.open(await vault.seal('test', about), about)) !== 'test')
                throw new Error('It gave back another key than it was given.')
            })
            return `a key was wrapped and unwrapped in ${took} ms`
          },
        }),
  }
}

function signIn({ config, egress }: Deps): KnownConnection {
  const issuer = config.oidcIssuer
  const connection = 'sign-in' as const
  return {
    name: connection,
    purpose: 'The identity provider that people sign in with',
    address: issuer === '' ? null : originOf(issuer),
    through: 'egress',
    tls: issuer.startsWith('http:') ? 'no' : 'yes',
    settings: ['oidcIssuer', 'oidcClientId'],
    credentials: config.oidcClientSecret === '' ? null : 'the setting oidcClientSecret',
    ...(issuer === ''
      ? {}
      : {
          egress: { connection, url: issuer },
          test: async () => {
            const answer = await egress.call({
              connection,
              url: `${issuer.replace(/\/+$/, '')}/.well-known/openid-configuration`,
              method: 'GET',
              headers: { accept: 'application/json' },
            })
            if (answer.status !== 200) throw new Error(`It answered ${answer.status} when asked for its configuration.`)
            const found = issuerIn(answer.body.toString())
            if (found !== issuer)
              throw new Error(`It calls itself ${found}, and the setting oidcIssuer says ${issuer}.`)
            return 'it gave its configuration and calls itself as the setting does'
          },
        }),
  }
}

function issuerIn(body: string): string {
  try {
    return String((JSON.parse(body) as { issuer?: unknown }).issuer)
  } catch {
    throw new Error('It answered something else than the configuration of a provider.')
  }
}

function traces({ config, egress }: Deps): KnownConnection {
  const endpoint = config.otlpEndpoint
  const connection = 'traces' as const
  return {
    name: connection,
    purpose: 'The OTLP receiver that traces are sent to',
    address: endpoint === '' ? null : originOf(endpoint),
    through: 'egress',
    tls: endpoint.startsWith('http:') ? 'no' : 'yes',
    settings: ['otlpEndpoint', 'otlpHeaders'],
    credentials: config.otlpHeaders === '' ? null : 'the setting otlpHeaders',
    ...(endpoint === ''
      ? {}
      : {
          egress: { connection, url: endpoint },
          uses: 'the gateway too, by the setting egressAllow alone',
          test: async () => {
            const answer = await egress.call({
              connection,
              url: `${endpoint.replace(/\/+$/, '')}/v1/traces`,
              method: 'POST',
              headers: { 'content-type': 'application/json', ...readHeaders(config.otlpHeaders) },
              body: '{"resourceSpans":[]}',
              maxBytes: 64_000,
            })
            if (answer.status >= 300) throw new Error(`It answered ${answer.status} to a batch without spans.`)
            return `it took a batch without spans (${answer.status})`
          },
        }),
  }
}

function checkpointCopy({ config }: Deps): KnownConnection {
  const place = config.checkpointDirectory
  return {
    name: 'checkpoint-copy',
    purpose: 'Second place for the signed checkpoints of the events',
    address: place === '' ? null : place,
    through: 'driver',
    tls: 'none-needed',
    settings: ['checkpointDirectory'],
    ...(place === ''
      ? {}
      : {
          test: async () => {
            await access(place, constants.W_OK | constants.X_OK)
            return 'the directory is there and can be written'
          },
        }),
  }
}

/** Whether a host is internal, as far as one can say without asking for its addresses. */
export function reachesOf(host: string, reached: string | null): 'public' | 'internal' | 'unknown' {
  const bare = host.replaceAll(/^\[|\]$/g, '')
  if (bare === 'localhost') return 'internal'
  const address = /^[0-9.]+$|:/.test(bare) ? bare : reached
  return address === null ? 'unknown' : isInternalAddress(address) ? 'internal' : 'public'
}

import { createHash, randomBytes, sign, X509Certificate } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { createWorld, findRegistry, type RegistryServer, startRegistry, type World } from '@trivium/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createEgress } from '../../kernel/egress/index.ts'
import { describePlace } from '../../kernel/places/place.conformance.ts'
import { createBlobLocal } from '../../testing.ts'
import { createPlaceOci } from './place-oci.ts'

const egress = createEgress({ allow: '127.0.0.1' })
const program = findRegistry()
const fixture = (name: string): string => join(import.meta.dirname, '../../kernel/http/fixtures', name)
const digestOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

describe.skipIf(program === undefined)('OCI', () => {
  let folder: string
  let world: World
  let registry: RegistryServer
  const started: RegistryServer[] = []
  const start = async (options?: Parameters<typeof startRegistry>[1]): Promise<RegistryServer> => {
    const server = await startRegistry(program ?? '', options)
    started.push(server)
    return server
  }
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'trivium-oci-'))
    world = await createWorld({})
    registry = await start()
  })
  afterAll(async () => {
    for (const one of started) await one.stop()
    await world.close()
    await rm(folder, { recursive: true, force: true })
  })

  const at = (project: string, more: { origin?: string; username?: string | null; secret?: string | null } = {}) =>
    createPlaceOci(
      {
        project,
        address: `${more.origin ?? registry.origin}/team/models`,
        username: more.username ?? null,
        secret: more.secret ?? null,
      },
      egress,
    )
  const tagsOf = async (project: string): Promise<string[]> => {
    const answer = await fetch(`${registry.origin}/v2/team/models/${project}/tags/list`)
    const { tags } = (await answer.json()) as { tags?: string[] | null }
    return (tags ?? []).filter((tag) => tag !== 'trivium-owner')
  }

  describePlace('a container registry', {
    db: () => world.kernel.db,
    ownStore: (root, chunks) => createBlobLocal({ root, sync: false, chunks }),
    place: () => ({
      place: (project) => at(project),
      overwrite: async (_, { key, size }, bytes) => {
        const [blob = ''] = key.split(' ')
        const hex = blob.slice('sha256:'.length)
        const path = join(registry.root, 'docker/registry/v2/blobs/sha256', hex.slice(0, 2), hex, 'data')
        const salt = readFileSync(path).subarray(size)
        await chmod(path, 0o640)
        await writeFile(path, Buffer.concat([bytes, salt]))
      },
      residue: async (project) => {
        const layers = join(registry.root, 'docker/registry/v2/repositories/team/models', project, '_layers/sha256')
        if (!existsSync(layers)) return []
        const links = readdirSync(layers, { recursive: true, withFileTypes: true }).filter(
          (file) => file.name === 'link',
        )
        // The empty config belongs to all contents of the repository.
        const empty = digestOf(Buffer.from('{}'))
        const blobs = links.map((file) => file.parentPath.split('/').at(-1) ?? '').filter((blob) => blob !== empty)
        return [...new Set([...(await tagsOf(project)), ...blobs])]
      },
    }),
  })

  const put = async (place: ReturnType<typeof at>, bytes: Buffer) => {
    const path = join(folder, digestOf(bytes))
    await writeFile(path, bytes)
    return place.put({ digest: digestOf(bytes), size: bytes.length, path }, { fresh: false })
  }

  test('what lies there is an OCI artifact that any client finds by the digest of the content', async () => {
    const bytes = randomBytes(5000)
    await put(at('artifact'), bytes)
    const answer = await fetch(`${registry.origin}/v2/team/models/artifact/manifests/${digestOf(bytes)}`, {
      headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
    })
    expect(await answer.json()).toMatchObject({
      schemaVersion: 2,
      artifactType: 'application/vnd.trivium.content.v1',
      layers: [{ digest: `sha256:${digestOf(bytes)}`, size: 5000 }],
    })
  })

  test('content larger than a piece of an upload goes up in several', async () => {
    const bytes = randomBytes(64 * 1024 * 1024 + 4321)
    const key = await put(at('pieces'), bytes)
    const stream = await at('pieces').get(
      { key, size: bytes.length },
      { start: 64 * 1024 * 1024 - 5, end: bytes.length - 1 },
    )
    expect(stream && (await buffer(stream)).equals(bytes.subarray(64 * 1024 * 1024 - 5))).toBe(true)
  })

  test('a registry that does not let content go is named, and what is to be done', async () => {
    const { origin } = await start({ deletion: false })
    const place = at('kept', { origin })
    const key = await put(place, Buffer.from('kept'))
    await expect(place.delete({ key, size: 4 })).rejects.toThrow('allow deletion in its settings')
  })

  test('a user name and a password open a registry that wants them, and wrong ones are refused without being shown', async () => {
    // registry-password
    const line = 'trivium:$2b$04$DoHSt5s5AUIziaA0DgciY.qHm40sWywL7RcI94EFA3reJlpSXEO9S\n'
    const path = join(folder, 'htpasswd')
    await writeFile(path, line.replace('$2b$', '$2y$'))
    const { origin } = await start({ auth: `  htpasswd:\n    realm: models\n    path: ${path}` })
    const place = at('guarded', { origin, username: 'trivium', secret: 'registry-password' })
    await place.claim('mine')
    expect(await place.owner()).toBe('mine')
    await expect(at('guarded', { origin }).owner()).rejects.toThrow('wants a user name and a password')
    const wrong = at('guarded', { origin, username: 'trivium', secret: 'hunter2' })
    const error = (await wrong.owner().catch((reason: unknown) => reason)) as Error
    expect(error.message).toMatch(/answered 401 .*credentials/)
    expect(error.stack).not.toContain('hunter2')
  })

  describe('a registry whose tokens another service hands out', () => {
    const certificate = fixture('first-certificate.pem')
    let service: Server
    let origin: string
    const asked: { scope: string | null; authorization: string | undefined }[] = []
    let lifetime = 60
    const token = (scope: string): string => {
      const [type = '', name = '', actions = ''] = scope.split(':')
      const now = Math.floor(Date.now() / 1000)
      const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
      const x5c = [new X509Certificate(readFileSync(certificate)).raw.toString('base64')]
      const algorithm =
        new X509Certificate(readFileSync(certificate)).publicKey.asymmetricKeyType === 'ec' ? 'ES256' : 'RS256'
      const claims = {
        iss: 'test',
        sub: 'trivium',
        aud: 'models',
        nbf: now - 5,
        iat: now,
        exp: now + 300,
        jti: randomBytes(4).toString('hex'),
        access: [{ type, name, actions: actions.split(',') }],
      }
      const text = `${part({ typ: 'JWT', alg: algorithm, x5c })}.${part(claims)}`
      const key = { key: readFileSync(fixture('first-key.pem')), dsaEncoding: 'ieee-p1363' as const }
      return `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`
    }
    beforeAll(async () => {
      const basic = `Basic ${Buffer.from('trivium:right').toString('base64')}`
      service = createServer((incoming, outgoing) => {
        const scope = new URL(incoming.url ?? '', 'http://x').searchParams.get('scope')
        asked.push({ scope, authorization: incoming.headers.authorization })
        if (incoming.headers.authorization !== basic) return void outgoing.writeHead(401).end()
        outgoing.end(JSON.stringify({ token: token(scope ?? ''), expires_in: lifetime }))
      })
      await new Promise<void>((done) => service.listen(0, '127.0.0.1', done))
      const realm = `http://127.0.0.1:${(service.address() as AddressInfo).port}/token`
      const auth = `  token:\n    realm: ${realm}\n    service: models\n    issuer: test\n    rootcertbundle: ${certificate}`
      ;({ origin } = await start({ auth }))
    })
    afterAll(() => service.close())

    test('a token is asked for once and used until it ends', async () => {
      const place = at('tokens', { origin, username: 'trivium', secret: 'right' })
      await place.claim('mine')
      const key = await put(place, Buffer.from('by token'))
      await place.delete({ key, size: 8 })
      expect(asked).toHaveLength(1)
      expect(asked[0]?.scope).toBe('repository:team/models/tokens:pull,push,delete')
      lifetime = 1
      const short = at('tokens', { origin, username: 'trivium', secret: 'right' })
      expect(await short.owner()).toBe('mine')
      expect(await short.owner()).toBe('mine')
      expect(asked).toHaveLength(3)
    })

    test('a service that gives no token is named', async () => {
      const wrong = at('tokens', { origin, username: 'trivium', secret: 'hunter2' })
      await expect(wrong.owner()).rejects.toThrow(/gave no token for team\/models\/tokens \(401\)/)
    })
  })
})

test('credentials go to no other host, also when the registry sends an upload there', async () => {
  const elsewhere: (string | undefined)[] = []
  const servers: Server[] = []
  const listen = async (answer: Parameters<typeof createServer>[1]): Promise<string> => {
    const server = createServer(answer as never)
    servers.push(server)
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }
  const other = await listen((incoming, outgoing) => {
    elsewhere.push(incoming.headers.authorization)
    incoming.resume()
    outgoing.writeHead(201).end()
  })
  const own: (string | undefined)[] = []
  const registry = await listen((incoming, outgoing) => {
    own.push(incoming.headers.authorization)
    incoming.resume()
    if (incoming.method === 'HEAD') return void outgoing.writeHead(404).end()
    if (incoming.method === 'POST') return void outgoing.writeHead(202, { location: `${other}/upload` }).end()
    outgoing.writeHead(201).end()
  })
  try {
    const place = createPlaceOci({ project: 'p', address: registry, username: null, secret: 'a-token' }, egress)
    await place.claim('mine')
    expect(own).toEqual(own.map(() => 'Bearer a-token'))
    expect(elsewhere).toEqual([undefined])
  } finally {
    for (const server of servers) server.close()
  }
})

import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createS3Place, createWorld, type World } from '@trivium/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createEgress } from '../../kernel/egress/index.ts'
import { tryPlace } from '../../kernel/places/index.ts'
import { describePlace } from '../../kernel/places/place.conformance.ts'
import { createBlobLocal } from '../../testing.ts'
import { createPlaceHttp } from './place-http.ts'

const egress = createEgress({ allow: '127.0.0.1' })
let world: World
let files: string
beforeAll(async () => {
  world = await createWorld({})
  files = `${(await createS3Place()).files}/places-${Math.random().toString(36).slice(2)}`
})
afterAll(() => world.close())

const at = (project: string, more: Partial<Parameters<typeof createPlaceHttp>[0]> = {}) =>
  createPlaceHttp({ project, address: `${files}/`, username: null, secret: null, ...more }, egress)

/** Names of files below a folder of the server. */
async function filesIn(folder: string): Promise<string[]> {
  const answer = await fetch(`${folder}/?limit=10000`, { headers: { accept: 'application/json' } })
  if (!answer.ok) return []
  const { Entries } = (await answer.json()) as { Entries: { FullPath: string; Mode: number; Md5?: string }[] | null }
  const found = (Entries ?? []).map(async ({ FullPath, Mode }) =>
    // The bit that Go sets for directories.
    (Mode & 0x80000000) !== 0 ? filesIn(`${new URL(folder).origin}${FullPath}`) : [FullPath],
  )
  return (await Promise.all(found)).flat()
}

describePlace('a server that takes PUT', {
  db: () => world.kernel.db,
  ownStore: (root, chunks) => createBlobLocal({ root, sync: false, chunks }),
  place: () => ({
    place: at,
    overwrite: async (project, { key }, bytes) => {
      const answer = await fetch(`${files}/${project}/${key}`, { method: 'PUT', body: new Uint8Array(bytes) })
      if (!answer.ok) throw new Error(`The server answered ${answer.status}.`)
      await answer.text()
    },
    residue: async (project) => (await filesIn(`${files}/${project}`)).filter((path) => !path.endsWith('/owner.json')),
  }),
})

describe('HTTP: a server that wants to know who asks', () => {
  /** Stands before the real server and lets in whom it knows. */
  let guard: Server
  let wanted: string
  beforeAll(async () => {
    guard = createServer((incoming, outgoing) => {
      if (incoming.headers.authorization !== wanted) {
        incoming.resume()
        outgoing.writeHead(401, { 'www-authenticate': 'Basic realm="files"' }).end()
        return
      }
      const { method, headers } = incoming
      const onward = request(`${new URL(files).origin}${incoming.url}`, { method, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers)
        answer.pipe(outgoing)
      })
      incoming.pipe(onward)
    })
    await new Promise<void>((done) => guard.listen(0, '127.0.0.1', done))
  })
  afterAll(() => {
    guard.closeAllConnections()
    guard.close()
  })
  const address = (): string => `http://127.0.0.1:${(guard.address() as AddressInfo).port}${new URL(files).pathname}`

  test.each([
    [
      'a password',
      { username: 'trivium', secret: 'right' },
      `Basic ${Buffer.from('trivium:right').toString('base64')}`,
    ],
    ['a token', { username: null, secret: 'a-token' }, 'Bearer a-token'],
  ])('%s opens it, and without it the refusal says so and does not show it', async (_, credentials, header) => {
    wanted = header
    const place = at('guarded', { address: address(), ...credentials })
    await place.claim('mine')
    expect(await place.owner()).toBe('mine')
    const wrong = at('guarded', { address: address(), ...credentials, secret: 'hunter2' })
    const error = (await wrong.owner().catch((reason: unknown) => reason)) as Error
    expect(error.message).toMatch(/answered 401 .*credentials/)
    expect(error.stack).not.toContain('hunter2')
  })
})

describe('HTTP: a WebDAV server', () => {
  test('folders are made before what lies in them, and content is written, read in part and removed', async () => {
    const address = `${(await createS3Place()).webdav}/places/${Math.random().toString(36).slice(2)}`
    const folder = await mkdtemp(join(tmpdir(), 'trivium-webdav-'))
    try {
      await tryPlace(at('dav', { address }), { instance: 'mine', address, folder })
      expect(await at('dav', { address }).owner()).toBe('mine')
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})

describe('HTTP: where it may lead', () => {
  test('an internal address that nobody allowed is refused before anything is sent, and no redirect leads there', async () => {
    const strict = createEgress({ allow: '' })
    const place = createPlaceHttp({ project: 'p', address: files, username: null, secret: null }, strict)
    await expect(place.owner()).rejects.toMatchObject({ code: 'EGRESS.PLAIN' })
    const elsewhere = createServer((_, response) =>
      response.writeHead(307, { location: 'https://169.254.169.254/latest' }).end(),
    )
    await new Promise<void>((done) => elsewhere.listen(0, '127.0.0.1', done))
    try {
      const address = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`
      const leading = at('p', { address })
      await expect(leading.get({ key: 'aa/x', size: 5 })).rejects.toMatchObject({ code: 'EGRESS.DENIED' })
    } finally {
      elsewhere.close()
    }
  })
})

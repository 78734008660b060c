import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createMlflowClient } from './mlflow-client.ts'
import { exportModel } from './mlflow-export-registry.ts'
import { mlflowServerSource } from './mlflow-server-source.ts'

describe('a foreign server that means harm', () => {
  const seen: { url: string; authorization: string | undefined }[] = []
  let answer: (request: IncomingMessage, response: ServerResponse) => void = (_, response) => void response.end('{}')
  const server = createServer((request, response) => {
    seen.push({ url: request.url ?? '', authorization: request.headers.authorization })
    answer(request, response)
  })
  beforeAll(() => new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve)))
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })
  const port = (): number => (server.address() as AddressInfo).port
  const client = () =>
    createMlflowClient(`http://ada:pass%20word@127.0.0.1:${port()}/mlflow`, {
      env: {},
      signal: AbortSignal.timeout(60_000),
    })
  const json = (body: object) => (_: IncomingMessage, response: ServerResponse) =>
    void response.setHeader('content-type', 'application/json').end(JSON.stringify(body))

  test.each([
    '/api/2.0/mlflow/logged-models/../../../../metrics',
    '/api/2.0/mlflow/logged-models/%2e%2E/x',
    '/api/2.0/mlflow/logged-models/..\\x',
    '/api/2.0/mlflow/logged-models/m-1?admin=1',
    '/api/2.0/mlflow-artifacts/artifacts/./x',
  ])('leads the client to no other place of its host by an id such as in %s', async (path) => {
    const before = seen.length
    await expect(client().get(path)).rejects.toThrow('leads out of its own')
    await expect(client().send('PATCH', path, {})).rejects.toThrow('leads out of its own')
    expect(seen).toHaveLength(before)
  })

  test('has no file fetched from outside of the artifacts of a run', async () => {
    answer = (request, response) => {
      const runs = [{ info: { run_id: 'a', artifact_uri: 'mlflow-artifacts:/../../../secret' } }]
      if (request.url?.endsWith('/runs/search')) json({ runs })(request, response)
      else json({ files: [{ path: 'x', is_dir: false, file_size: 1 }] })(request, response)
    }
    const source = mlflowServerSource(client(), () => {})
    for await (const _page of source.runs('0'));
    const before = seen.length
    for await (const file of source.files({ kind: 'run', id: 'a' }))
      await expect(file.open()).rejects.toThrow('leads out of its own')
    expect(seen.slice(before).map(({ url }) => url)).toEqual([expect.stringContaining('/artifacts/list?run_id=a')])
  })

  test('is handed credentials, and hands them on to nobody, and no error shows them', async () => {
    const told: (string | undefined)[] = []
    const elsewhere = createServer((request, response) => {
      told.push(request.headers.authorization)
      response.end('{}')
    })
    await new Promise<void>((resolve) => void elsewhere.listen(0, '127.0.0.1', resolve))
    const { port: other } = elsewhere.address() as AddressInfo
    const { signal } = new AbortController()
    const once = createMlflowClient(`http://ada:pass%20word@127.0.0.1:${port()}`, { env: {}, signal })
    answer = (_, response) => void response.writeHead(307, { location: `http://127.0.0.1:${other}/taken` }).end()
    const failed = once.send('POST', '/api/2.0/mlflow/experiments/search', {}).catch((error: Error) => error)
    const moved = await failed
    elsewhere.close()
    expect(told).toEqual([])
    expect(seen.at(-1)?.authorization).toBe(`Basic ${Buffer.from('ada:pass word').toString('base64')}`)
    answer = (_, response) => void response.writeHead(400).end('no')
    const refused = await once.get('/x').catch((error: Error) => error)
    expect(String((moved as Error).message)).toContain('answered 307')
    for (const error of [moved, refused]) expect(String((error as Error).message)).not.toMatch(/pass|YWRh/)
    expect(once.url).toBe(`http://127.0.0.1:${port()}`)
  })

  test('is not listened to without end', async () => {
    let sent = 0
    answer = (_, response) => {
      response.writeHead(400)
      const piece = Buffer.alloc(64 * 1024, 'x')
      const more = (): void => {
        sent += piece.length
        if (sent > 64 * 1024 * 1024) response.end()
        else if (!response.destroyed) response.write(piece, more)
      }
      more()
    }
    await expect(client().get('/x')).rejects.toThrow(/answered 400 to \/x: x{500}$/)
    expect(sent).toBeLessThan(64 * 1024 * 1024)
  })

  test('does not keep an export going by giving versions numbers that do not rise', async () => {
    let left = 20
    answer = (request, response) => {
      left -= 1
      if (left < 0) response.writeHead(400).end('enough')
      else json({ model_version: { version: '0' } })(request, response)
    }
    const model = {
      name: 'late',
      description: '',
      createdAt: null,
      updatedAt: null,
      tags: {},
      aliases: {},
      lastVersion: 3,
      versions: [],
    }
    const target = { client: client(), skip: () => {}, runs: new Map(), models: new Map() }
    await expect(exportModel(target, model)).rejects.toThrow('gave a version the number "0" after 0')
  })
})

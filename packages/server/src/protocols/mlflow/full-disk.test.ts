import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

/** A world that may make no file larger than 6 MB, which for a program is a full disk; it listens, because a client reads the answer from a socket. */
const script = `
  const { createWorld } = await import('@trivium/testing')
  const http = await import('node:http')
  const { readdirSync } = await import('node:fs')
  const world = await createWorld({})
  const { token } = await world.as('contributor')
  await world.app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = world.app.server.address()
  const call = (method, path, chunks) => new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port, method, path, headers: { authorization: 'Bearer ' + token, 'content-type': 'application/json' } }, (response) => {
      let text = ''
      response.on('data', (part) => { text += part })
      response.on('end', () => resolve({ status: response.statusCode, text }))
    })
    request.on('error', reject)
    for (const chunk of chunks ?? []) request.write(chunk)
    request.end()
  })
  const { run } = JSON.parse((await call('POST', '/api/2.0/mlflow/runs/create', ['{}'])).text)
  const base = '/api/2.0/mlflow-artifacts/artifacts'
  const put = (name, chunks) => call('PUT', base + '/0/' + run.info.run_id + '/artifacts/' + name, chunks)
  const before = await put('small.txt', ['small'])
  const large = await put('large.bin', Array.from({ length: 128 }, () => Buffer.alloc(65_536, 1)))
  const listed = JSON.parse((await call('GET', base + '?path=0/' + run.info.run_id + '/artifacts')).text).files
  const left = readdirSync(world.kernel.config.data + '/blobs', { recursive: true, withFileTypes: true }).filter((f) => f.isFile() && f.name !== '.instance').length
  const after = await put('after.txt', ['after'])
  await new Promise((resolve) => {
    const request = http.request({ host: '127.0.0.1', port, method: 'PUT', path: base + '/0/' + run.info.run_id + '/artifacts/half.bin', headers: { authorization: 'Bearer ' + token, 'content-length': 100000 } })
    request.on('error', resolve)
    request.write(Buffer.alloc(1000), () => setTimeout(() => request.destroy(), 100))
  })
  await new Promise((resolve) => setTimeout(resolve, 200))
  const end = JSON.parse((await call('GET', base + '?path=0/' + run.info.run_id + '/artifacts')).text).files.map((f) => f.path)
  process.stdout.write(JSON.stringify({ before: before.status, large, listed, left, after: after.status, end }))
  await world.close()
  process.exit(0)`

test('an artifact that no longer fits is refused with 507, which clients do not repeat, nothing of it stays, and of an upload that is cut off neither', () => {
  const child = spawnSync(
    '/bin/bash',
    [
      '-c',
      'ulimit -f 6000; exec "$0" "$@"',
      process.execPath,
      '--conditions=trivium-source',
      '--input-type=module',
      '-e',
      script,
    ],
    {
      encoding: 'utf8',
      timeout: 60_000,
      cwd: join(import.meta.dirname, '../../../../..'),
    },
  )
  if (child.status !== 0) throw new Error(child.stderr)
  const found = JSON.parse(child.stdout.trim().split('\n').at(-1) ?? '')
  expect(found).toMatchObject({
    before: 200,
    large: { status: 507 },
    listed: [{ path: 'small.txt', file_size: 5 }],
    left: 1,
    after: 200,
    end: ['after.txt', 'small.txt'],
  })
  expect(JSON.parse(found.large.text)).toMatchObject({
    error_code: 'RESOURCE_EXHAUSTED',
    trivium_code: 'BLOB.NO_SPACE',
    message: expect.stringContaining('Nothing was stored'),
  })
}, 90_000)

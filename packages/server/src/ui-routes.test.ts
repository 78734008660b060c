import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createHttp, type Http } from './kernel/http/index.ts'
import { createLogger } from './kernel/logging/index.ts'
import { createMetrics } from './kernel/telemetry/index.ts'
import { uiRoutes } from './ui-routes.ts'

describe('the UI', () => {
  const folder = mkdtempSync(join(tmpdir(), 'trivium-ui-'))
  const root = join(folder, 'dist')
  let app: Http
  beforeAll(async () => {
    const logger = createLogger({ level: 'silent' })
    app = createHttp({
      authenticator: { authenticate: async () => undefined, projectExists: async () => true },
      logger,
      metrics: createMetrics({ logger }),
      bodyLimit: 2000,
      allowedHosts: () => new Set(['localhost']),
    })
    uiRoutes(app, root)
    mkdirSync(join(root, 'assets/deep'), { recursive: true })
    writeFileSync(join(folder, 'secret.txt'), 'secret')
    writeFileSync(join(root, 'index.html'), '<title>page</title>')
    writeFileSync(join(root, 'assets/app.js'), 'app')
    writeFileSync(join(root, 'assets/deep/style.css'), 'style')
    await app.ready()
  })
  afterAll(async () => {
    await app.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const get = (url: string) => app.inject({ method: 'GET', url, headers: { host: 'localhost' } })

  test('is served to whoever asks: pages anew each time, files of a build for good', async () => {
    for (const path of ['/', '/login', '/projects', '/p/one/runs', '/settings/people']) {
      const { statusCode, headers, body } = await get(path)
      expect([path, statusCode, body]).toEqual([path, 200, '<title>page</title>'])
      expect(headers).toMatchObject({ 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-cache' })
    }
    for (const [path, type] of [
      ['/assets/app.js', 'text/javascript; charset=utf-8'],
      ['/assets/deep/style.css', 'text/css; charset=utf-8'],
    ] as const)
      expect((await get(path)).headers).toMatchObject({
        'content-type': type,
        'cache-control': 'public, max-age=31536000, immutable',
      })
  })

  test('serves no file from beside its folder, however a path is written', async () => {
    for (const path of [
      '..%2f..%2fsecret.txt',
      '..%2findex.html',
      'deep%2f..%2f..%2f..%2fsecret.txt',
      `%2f${encodeURIComponent(join(folder, 'secret.txt'))}`,
      'deep',
      'none.js',
      `${'a'.repeat(201)}.js`,
      'app.js%00',
    ]) {
      const { statusCode, body } = await get(`/assets/${path}`)
      expect([path, statusCode, body]).toEqual([path, 404, 'There is no such file.'])
    }
  })

  test('runs scripts of its own only, sends forms and opens frames nowhere else', async () => {
    for (const path of ['/', '/p/one', '/assets/app.js']) {
      const policy = String((await get(path)).headers['content-security-policy'])
      const parts = new Map(policy.split('; ').map((part) => [part.split(' ')[0], part.split(' ').slice(1).join(' ')]))
      expect(parts.get('default-src')).toBe("'self'")
      // What is not named follows default-src.
      expect([parts.get('script-src'), parts.get('object-src'), parts.get('frame-src')]).toEqual([
        undefined,
        undefined,
        undefined,
      ])
      expect([parts.get('base-uri'), parts.get('form-action'), parts.get('connect-src')]).toEqual([
        "'none'",
        "'self'",
        "'self'",
      ])
      expect(policy).not.toMatch(/unsafe-eval|https?:|\*/)
    }
  })

  test('is in no frame, by what old browsers read and by what new ones do, and says nowhere where one was', async () => {
    for (const path of ['/', '/p/one', '/assets/app.js']) {
      const { headers } = await get(path)
      expect(headers).toMatchObject({ 'x-frame-options': 'DENY', 'referrer-policy': 'no-referrer' })
      expect(headers['content-security-policy']).toContain("frame-ancestors 'none'")
    }
  })
})

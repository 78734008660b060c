import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { type Client, createWorld, type World } from '@trivium/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createHttp } from '../../packages/server/src/kernel/http/index.ts'
import { createLogger } from '../../packages/server/src/kernel/logging/index.ts'
import { createMetrics } from '../../packages/server/src/kernel/telemetry/index.ts'
import { describeFinding } from './describe-finding.ts'
import { type Finding, runFuzz } from './run-fuzz.ts'
import { createPool } from './sample-schema.ts'

describe('a request without an answer', () => {
  let world: World
  let client: Client
  beforeAll(async () => {
    world = await createWorld({})
    client = await world.as('instance-admin')
  }, 60_000)
  afterAll(() => world.close())

  test('is told with its method, path and body, and what it was made of', async () => {
    const logger = createLogger({ level: 'silent' })
    const app = createHttp({
      authenticator: { authenticate: async () => undefined, projectExists: async () => true },
      logger,
      metrics: createMetrics({ logger }),
      bodyLimit: 2_000_000,
      allowedHosts: () => new Set(['localhost']),
    })
    app.post('/silent/:place', { config: { access: 'public' } }, () => new Promise(() => {}))
    const findings: Finding[] = []
    await runFuzz({
      world: { ...world, app },
      pool: createPool(),
      contents: { files: [Buffer.from('a,b\n1,2\n')] },
      clients: [async () => client],
      seed: 3,
      patienceMs: 200,
      // Some of them are refused before they get there.
      over: (sent) => sent >= 40 || findings.length > 0,
      onFinding: (finding) => findings.push(finding),
    })
    const [finding] = findings
    if (!finding) throw new Error('Nothing was found.')
    const told = describeFinding(finding)
    expect(told).toMatch(
      /^POST \/silent\/:place\n {2}no answer within 1200 ms; the main thread was at most \d+ ms late, and computed for \d+ ms\n/,
    )
    expect(told).toContain(`\n  POST ${finding.request.url}\n`)
    expect(finding.request.url).toMatch(/^\/silent\//)
    expect(told).toContain(
      finding.request.payload === undefined ? '\n  no body\n' : `\n  body ${finding.request.payload}`,
    )
    expect(told).toMatch(/\n {2}seed 3, request \d+$/)
  })

  test('that stops the whole process is told by a thread beside it', () => {
    const program = `
import { watchMain } from ${JSON.stringify(join(import.meta.dirname, 'watch-main.ts'))}
const watch = watchMain({ silentMs: 1500 })
await new Promise((resolve) => setTimeout(resolve, 300))
watch.began(1, { method: 'GET', url: '/answered', headers: {} })
watch.ended(1)
watch.began(2, { method: 'POST', url: '/endless?a=b', headers: { x: 'y' }, payload: '{"n":1}' })
function spin() { for (;;) {} }
spin()
`
    const { stderr, signal } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })
    expect(signal).toBe('SIGKILL')
    expect(stderr).toContain('under way:\n  POST /endless?a=b\n  headers {"x":"y"}\n  body {"n":1}\n')
    expect(stderr).toMatch(/was silent for \d+ ms, and then in\n {4}at spin /)
    expect(stderr).not.toContain('/answered')
  })
})

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findPython } from './drivers/environment-uv/find-python.ts'
import { probeBoundary } from './drivers/python-runner/index.ts'
import { createWorld, type World } from '@trivium/testing'
import { afterAll, describe, expect, test } from 'vitest'
import { inheritedEnvironment, loadConfig } from './kernel/config/index.ts'
import { runPipeline, stepOf } from './capabilities/pipelines/pipelines.fixture.ts'
import { requireCodeBoundary } from './look-at-code.ts'
import { startServer } from './main.ts'

const { path: python } = await findPython('', inheritedEnvironment())
const { contained } = await probeBoundary(python)

const worlds: World[] = []
afterAll(() => Promise.all(worlds.map((world) => world.close())))
async function worldWith(configuration: Record<string, unknown>): Promise<World> {
  const world = await createWorld({ configuration })
  worlds.push(world)
  return world
}
const look = async (world: World) => {
  const { json } = await (await world.as('instance-admin')).call('GET', '/api/v1/status')
  return json.findings.find((one: { check: string }) => one.check === 'code')
}
const noop = {
  name: 'noop',
  yaml: 'name: noop\nsteps:\n  one: { run: "noop:one" }\n',
  files: { 'noop.py': 'def one():\n    pass\n' },
}

describe('code of people', () => {
  test('keeps a server from starting uncontained with two people who may bring it', async () => {
    const data = await mkdtemp(join(tmpdir(), 'trivium-code-'))
    try {
      const world = await createWorld({ data })
      await world.as('contributor')
      await world.close()
      const config = loadConfig({
        flags: { data, port: 0, logLevel: 'silent', codeExecution: 'uncontained' },
        environment: {},
      })
      await expect(startServer(config)).rejects.toMatchObject({ code: 'CODE.UNCONTAINED' })
    } finally {
      await rm(data, { recursive: true, force: true })
    }
  })

  test('does not run where it is off', async () => {
    const world = await worldWith({ codeExecution: 'off' })
    expect(await look(world)).toMatchObject({ state: 'ok', found: expect.stringContaining('codeExecution is off') })
    const run = await runPipeline(await world.as('instance-admin'), noop)
    expect(stepOf(run, 'one').attempts[0]?.error).toMatchObject({
      code: 'PIPELINES.CODE_REFUSED',
      message: expect.stringContaining('--code-execution contained'),
    })
  })

  test('runs uncontained for one person, loudly; for two people neither the start nor a step goes on', async () => {
    const world = await worldWith({ codeExecution: 'uncontained' })
    const { kernel, capabilities } = world
    expect(await look(world)).toMatchObject({ state: 'warning', found: expect.stringContaining('UNCONTAINED') })
    // Who only looks, and a service account, bring no code.
    await world.as('viewer')
    const admin = await world.as('instance-admin')
    const { id } = await capabilities.access.createPrincipal(admin.principal, { name: 'robot', kind: 'service' })
    await capabilities.access.grantRole(admin.scope, { principalId: id, role: 'contributor' })
    await requireCodeBoundary(kernel, capabilities.pipelines)
    const run = await runPipeline(admin, noop)
    expect(run.state).toBe('finished')
    expect(stepOf(run, 'one').attempts[0]?.boundary).toMatchObject({ contained: false, layers: [], network: 'all' })
    await world.as('contributor')
    const mend = expect.stringMatching(
      /^(Step "one" did not run: )?2 people hold code:execute.*--code-execution contained/,
    )
    await expect(requireCodeBoundary(kernel, capabilities.pipelines)).rejects.toMatchObject({
      code: 'CODE.UNCONTAINED',
      message: mend,
    })
    expect(await look(world)).toMatchObject({ state: 'failed', mend: 'Start it with --code-execution contained.' })
    const refused = await runPipeline(admin, { ...noop, yaml: noop.yaml.replace('one" }', 'one", cache: never }') })
    expect(stepOf(refused, 'one').attempts[0]).toMatchObject({
      error: { code: 'PIPELINES.CODE_REFUSED', message: mend },
      boundary: null,
    })
  })

  test.skipIf(!contained)(
    'says what contains it, ends at its limits and cannot lead this server elsewhere',
    async () => {
      const world = await worldWith({ stepMemory: '300MB' })
      expect(await look(world)).toMatchObject({
        state: 'ok',
        found: expect.stringMatching(/^contained by files \(Landlock/),
      })
      const client = await world.as('maintainer')
      const run = await runPipeline(client, {
        name: 'limits',
        yaml: `name: limits
steps:
  large: { run: "limits:large" }
  long: { run: "limits:long", resources: { time: 300ms, cpu: 1, memory: 200MB } }
  wide: { run: "limits:wide", resources: { disk: 5MB } }
  link: { kind: command, run: [ln, -s, ${world.kernel.paths.data}/admin-token, "\${out.stolen}"], out: { stolen: value } }
  look: { kind: command, run: [cat, ${world.kernel.paths.data}/trivium.sqlite] }
`,
        files: {
          'limits.py': `import time
def large(): return len(bytearray(900_000_000))
def long(): time.sleep(60)
def wide(): open("big", "wb").write(b"x" * 6_000_000)
`,
        },
      })
      const { boundary } = stepOf(run, 'long').attempts[0] ?? {}
      expect(boundary).toMatchObject({
        contained: true,
        network: 'server',
        limits: { memoryBytes: 200_000_000, diskBytes: 20_000_000_000, processes: 256, cpus: 1 },
      })
      expect(boundary?.layers).toContainEqual({
        name: 'files',
        active: true,
        found: expect.stringMatching(/^Landlock/),
      })
      expect(boundary?.layers).toContainEqual({ name: 'calls', active: true, found: expect.stringMatching(/^seccomp/) })
      const errorOf = (step: string) => stepOf(run, step).attempts[0]?.error
      expect(errorOf('large')).toMatchObject({
        code: 'PIPELINES.LIMIT_EXCEEDED',
        message: expect.stringMatching(/limit of memory, 300 MB\. .*resources: \{memory: …\}.*setting stepMemory/),
      })
      expect(errorOf('wide')).toMatchObject({ message: expect.stringMatching(/limit of disk, 5 MB\. .*stepDisk/) })
      expect(errorOf('long')?.message).toMatch(/time limit|limit of time/)
      expect(errorOf('link')).toMatchObject({ code: 'PIPELINES.OUTPUT_WRONG_KIND' })
      expect(errorOf('look')).toMatchObject({ code: 'PIPELINES.STEP_FAILED' })
      const { json } = await client.call(
        'GET',
        `/api/v1/projects/default/pipeline-runs/${run.id}/steps/long/log?limit=10`,
      )
      expect(json.lines[0]).toMatchObject({
        stream: 'system',
        text: expect.stringMatching(
          /^Contained by files, calls, network, signals.*this server only.*memory 200 MB.*1 processors?/,
        ),
      })
    },
  )
})

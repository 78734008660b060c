import { type Client, describeEachDatabase, type World } from '@trivium/testing'
import { expect, test } from 'vitest'
import { urn } from '../../kernel/ids/index.ts'
import { type Bundle, endOfRun, readRun, savePipeline, stepOf, waitForRun } from './pipelines.fixture.ts'

const day = 86_400_000
const start = Date.UTC(2001, 5, 1)

const pipeline = (triggers: string, run = '["true"]'): Bundle => ({
  name: 'retrain',
  yaml: `name: retrain\nparams: { depth: 3 }\nsteps:\n  train: { kind: command, cache: never, run: ${run} }\ntriggers:\n${triggers}\n`,
})

interface Place {
  readonly client: Client
  readonly project: string
  to(at: number): Promise<void>
  drift(at: number, monitor?: string): Promise<void>
  evaluations(): Promise<{ outcome: string; reason: string; eventTime: number; run: string | null; trigger: string }[]>
}

/** A project of its own in a replay that stands at `start`. */
async function place(world: World, bundle: Bundle): Promise<Place> {
  const project = await world.makeProject()
  const client = await world.as('maintainer', project)
  const saved = await savePipeline(client, bundle)
  if (saved.status !== 200) throw new Error(saved.text)
  const to = async (at: number): Promise<void> => {
    const moved = await client.call('POST', `/api/v1/projects/${project}/watermark`, { to: at, waitMs: 20_000 })
    if (moved.json.settled !== true) throw new Error(moved.text)
  }
  await to(start)
  return {
    client,
    project,
    to,
    drift: async (at, monitor = 'delay') => {
      await world.kernel.db.write.transaction().execute((trx) =>
        world.kernel.events.append(trx, {
          project,
          name: 'monitor.drifted',
          schema: 1,
          by: 'system:monitoring',
          subject: urn(project, 'monitor', monitor),
          eventTime: at,
          refs: [{ rel: 'input', urn: urn(project, 'window', `${monitor}:${at}`), as: 'window' }],
          data: { monitor, kind: 'drift', features: ['dep_hour'], results: [] },
        }),
      )
      await world.settled(project)
    },
    evaluations: async () =>
      (await client.call('GET', `/api/v1/projects/${project}/pipelines/retrain/triggers`)).json.evaluations,
  }
}

describeEachDatabase('pipeline triggers', ({ world }) => {
  test('an event starts a run, a second one within the cooldown does not, in event time', async () => {
    const at = await place(
      world,
      pipeline(
        '  - { name: drift, on: { event: [monitor.drifted, monitor.degraded], where: { monitor: delay } }, cooldown: 7d, params: { depth: 5 } }',
      ),
    )
    await at.drift(start)
    await at.drift(start + 3 * day)
    await at.drift(start + 4 * day, 'other')
    await at.drift(start + 7 * day)
    const evaluations = await at.evaluations()
    expect(evaluations.map(({ outcome, eventTime }) => [outcome, eventTime])).toEqual([
      ['fired', start + 7 * day],
      ['no-match', start + 4 * day],
      ['cooling-down', start + 3 * day],
      ['fired', start],
    ])
    expect(evaluations[2]?.reason).toBe(
      'On monitor delay dep_hour drifted. The trigger cools down until 2001-06-08T00:00Z.',
    )
    expect(evaluations[1]?.reason).toBe('monitor is other, not delay.')
    const run = await endOfRun(at.client, evaluations[3]?.run ?? '')
    expect(run).toMatchObject({
      params: { depth: 5 },
      asOf: start,
      holdsEventTime: true,
      cause: {
        kind: 'event',
        trigger: 'drift',
        refs: [{ as: 'triggered-by', urn: urn(at.project, 'monitor', 'delay') }, { as: 'cause' }],
      },
    })
    const events = (await at.client.call('GET', `/api/v1/projects/${at.project}/events?name=pipeline-run.started`)).json
      .events
    expect(events.at(-1).refs).toContainEqual({
      rel: 'input',
      urn: urn(at.project, 'window', `delay:${start}`),
      as: 'cause',
    })
  })

  test('a trigger starts no code for somebody who may not run code any more', async () => {
    const at = await place(world, pipeline('  - { name: drifted, on: { event: monitor.drifted } }'))
    const admin = await world.as('admin', at.project)
    const path = `/api/v1/projects/${at.project}/people/${at.client.principal.name}/roles/maintainer`
    expect((await admin.call('DELETE', path)).status).toBe(200)
    await at.drift(start)
    const { evaluations } = (await admin.call('GET', `/api/v1/projects/${at.project}/pipelines/retrain/triggers`)).json
    expect(evaluations).toMatchObject([
      { outcome: 'failed', run: null, reason: expect.stringContaining('does not hold code:execute any more') },
    ])
  })

  test('a trigger starts no code for somebody whose account is disabled', async () => {
    const at = await place(world, pipeline('  - { name: drifted, on: { event: monitor.drifted } }'))
    const { id } = at.client.principal
    await world.kernel.db.write
      .transaction()
      .execute((trx) => trx.updateTable('principal').set({ disabled_at: 1 }).where('id', '=', id).execute())
    await at.drift(start)
    const admin = await world.as('admin', at.project)
    const { evaluations } = (await admin.call('GET', `/api/v1/projects/${at.project}/pipelines/retrain/triggers`)).json
    expect(evaluations).toMatchObject([
      { outcome: 'failed', run: null, reason: expect.stringContaining('does not hold code:execute any more') },
    ])
  })

  test('a schedule fires when the watermark passes, and once for a jump over many due times', async () => {
    const at = await place(world, pipeline('  - { schedule: { cron: "0 3 * * *" } }'))
    await at.to(start + 3 * 3_600_000 - 1)
    expect(await at.evaluations()).toEqual([])
    await at.to(start + 3 * 3_600_000)
    await at.to(start + 10 * day)
    await at.to(start + 10 * day + 1)
    const evaluations = await at.evaluations()
    expect(evaluations.map((one) => new Date(one.eventTime).toISOString().slice(0, 13))).toEqual([
      '2001-06-10T03',
      '2001-06-01T03',
    ])
    expect(evaluations.every((one) => one.outcome === 'fired')).toBe(true)
    const state = (await at.client.call('GET', `/api/v1/projects/${at.project}/pipelines/retrain/triggers`)).json
      .triggers[0]
    expect(state).toMatchObject({
      name: 'schedule-1',
      nextDue: Date.UTC(2001, 5, 11, 3),
      lastEvaluation: { outcome: 'fired' },
    })
  })

  test('while its run lasts a trigger starts no second one, and event time waits for the run', async () => {
    const at = await place(world, pipeline('  - { on: monitor.drifted }', '[sleep, "30"]'))
    await world.kernel.db.write.transaction().execute((trx) =>
      world.kernel.events.append(trx, {
        project: at.project,
        name: 'monitor.drifted',
        schema: 1,
        by: 'x',
        subject: urn(at.project, 'monitor', 'm'),
        eventTime: start,
        refs: [],
        data: { monitor: 'm', kind: 'drift', features: [], results: [] },
      }),
    )
    for (;;) {
      const { runs } = (await at.client.call('GET', `/api/v1/projects/${at.project}/pipeline-runs?state=active`)).json
      if (runs.length === 1 && runs[0].state === 'running') break
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    const held = (
      await at.client.call('POST', `/api/v1/projects/${at.project}/watermark`, { to: start + day, waitMs: 100 })
    ).json
    expect(held).toMatchObject({ advanced: false, settled: false })
    await world.kernel.db.write.transaction().execute((trx) =>
      world.kernel.events.append(trx, {
        project: at.project,
        name: 'monitor.drifted',
        schema: 1,
        by: 'x',
        subject: urn(at.project, 'monitor', 'm'),
        eventTime: start + 1,
        refs: [],
        data: { monitor: 'm', kind: 'drift', features: [], results: [] },
      }),
    )
    await expect.poll(async () => (await at.evaluations())[0]?.outcome).toBe('already-running')
    const [, first] = await at.evaluations()
    await at.client.call('POST', `/api/v1/projects/${at.project}/pipeline-runs/${first?.run}/cancel`, {})
    expect((await endOfRun(at.client, first?.run ?? '')).state).toBe('cancelled')
  })

  test('without a replay a schedule follows the wall clock', async () => {
    const project = await world.makeProject()
    const client = await world.as('maintainer', project)
    await savePipeline(client, pipeline('  - { schedule: { every: 1d } }'))
    world.time.now += 2 * day
    const url = `/api/v1/projects/${project}/pipelines/retrain/triggers`
    await expect.poll(async () => (await client.call('GET', url)).json.evaluations.length, { timeout: 5000 }).toBe(1)
    expect((await client.call('GET', url)).json.evaluations[0]).toMatchObject({
      outcome: 'fired',
      eventTime: Math.floor(world.time.now / day) * day,
    })
  })

  test('a step that waits for a person goes on once the decision is sealed, also when it came first', async () => {
    const project = await world.makeProject()
    const client = await world.as('maintainer', project)
    const item = urn(project, 'inbox', 'inb_1')
    world.capabilities.pipelines.registerStepKind({
      kind: 'ask',
      caching: 'never',
      check: () => [],
      run: async (context) => {
        context.log(context.waitedFor === undefined ? 'asking' : 'answered')
        return context.waitedFor === undefined
          ? { outputs: {}, waitingFor: item }
          : { outputs: {}, verdict: { passed: true, reason: 'Ada approved.' } }
      },
    })
    await savePipeline(client, {
      name: 'ask',
      yaml: 'name: ask\nsteps:\n  approve: { kind: ask }\n  after: { kind: command, needs: [approve], run: ["true"] }\n',
    })
    const begin = async () =>
      (await client.call('POST', `/api/v1/projects/${project}/pipelines/ask/runs`, {})).json.id as string
    const first = await begin()
    const waiting = await waitForRun(client, first, (run) => run.state === 'waiting')
    expect(waiting.reason).toBe('Step "approve" waits for a decision.')
    expect(stepOf(waiting, 'approve')).toMatchObject({ state: 'waiting', waitingFor: item })
    const decide = () =>
      world.kernel.db.write.transaction().execute((trx) =>
        world.kernel.events.append(trx, {
          project,
          name: 'inbox.decided',
          schema: 1,
          by: 'ada',
          subject: item,
          refs: [],
          data: { option: 'approve' },
        }),
      )
    await decide()
    const run = await endOfRun(client, first)
    expect(run.state).toBe('finished')
    expect(stepOf(run, 'approve')).toMatchObject({
      state: 'finished',
      reason: 'Ada approved.',
      attempts: [{ attempt: 1, state: 'finished' }],
    })
    const log = (await client.call('GET', `/api/v1/projects/${project}/pipeline-runs/${first}/steps/approve/log`)).json
    expect(log.lines.map((line: { text: string }) => line.text)).toEqual(['asking', 'answered'])
    // The item was decided before this run asked.
    expect((await endOfRun(client, await begin())).state).toBe('finished')
  })

  test('a gate that says no ends the run as rejected and skips what stands behind it with the reason', async () => {
    const project = await world.makeProject()
    const client = await world.as('maintainer', project)
    world.capabilities.pipelines.registerStepKind({
      kind: 'judge',
      caching: 'content',
      check: () => [],
      run: async () => ({ outputs: {}, verdict: { passed: false, reason: 'AUC 0.71 is below 0.75.' } }),
    })
    await savePipeline(client, {
      name: 'gate',
      yaml: 'name: gate\nsteps:\n  gate: { kind: judge }\n  deploy: { kind: command, needs: [gate], run: ["true"] }\n  note: { kind: command, run: ["true"] }\n',
    })
    for (const cache of ['miss', 'hit']) {
      const started = (await client.call('POST', `/api/v1/projects/${project}/pipelines/gate/runs`, {})).json
      await endOfRun(client, started.id)
      const run = await readRun(client, started.id)
      expect(run).toMatchObject({ state: 'rejected', reason: 'AUC 0.71 is below 0.75.' })
      expect(stepOf(run, 'gate')).toMatchObject({
        state: 'rejected',
        cache: { outcome: cache },
        verdict: { passed: false },
      })
      expect(stepOf(run, 'deploy')).toMatchObject({
        state: 'skipped',
        reason: '"gate" said no: AUC 0.71 is below 0.75.',
      })
    }
  })
})

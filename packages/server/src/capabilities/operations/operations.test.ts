import { describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'
import { urn } from '../../kernel/ids/index.ts'
import { declarePersonal } from '../access/index.ts'
import { day, flightsOf, live, start, story } from '../monitoring/story.fixture.ts'
import { openAlert } from './change-alerts.ts'

const noEvidence = {
  measure: 'log_loss',
  effect: 0.1,
  allowed: 0.01,
  q: null,
  value: 0.5,
  valueInterval: null,
  baseline: 0.4,
  lossInterval: null,
  rows: 1000,
  windows: [],
  suggestion: '',
}

describeEachDatabase('alerts', ({ world }) => {
  /** A project whose feature recent_late has drifted for some days. */
  const drifted = async (days = 4) => {
    const project = await world.makeProject()
    const tell = story(world, project)
    await tell.train(flightsOf({ days: 10, seed: 'training' }))
    await tell.call('PUT', 'monitors/arrivals', {
      deployment: 'arrivals',
      window: '1d',
      drift: { reference: 'training@1' },
    })
    await tell.advance(start)
    const flights = flightsOf({ days: 10, seed: 'alerts', weatherOf: (i) => (i < days ? { shift: 0.25 } : {}) })
    await live(tell, flights, { days: 4 })
    const { alerts } = (await tell.call('GET', 'alerts')).json
    return { project, flights, alerts, id: alerts[0]?.id as string, ...tell }
  }
  const release = (project: string, id: string) =>
    world.kernel.db.write.transaction().execute((trx) =>
      world.kernel.events.append(trx, {
        project,
        name: 'release.activated',
        schema: 1,
        by: 'tester',
        subject: urn(project, 'release', id),
        refs: [
          { rel: 'input', urn: urn(project, 'model', 'arrival-delay', 2), as: 'deploys' },
          { rel: 'output', urn: urn(project, 'deployment', 'arrivals'), as: 'serves' },
        ],
        eventTime: start + 4 * day,
        data: { deployment: 'arrivals', model: 'arrival-delay', version: 2 },
      }),
    )

  test('drift that lasts opens one alert with size, chance and windows; it is one until it resolves', async () => {
    const { alerts, id, call, flights, project, events, ...tell } = await drifted()
    expect(alerts).toHaveLength(1)
    expect(alerts[0]).toMatchObject({
      kind: 'drift',
      state: 'open',
      title: 'recent_late drifted',
      monitor: 'arrivals',
      deployment: 'arrivals',
      release: 'rel_1',
      model: 'arrival-delay',
      version: 1,
      feature: 'recent_late',
      metric: null,
      eventTime: start + 2 * day,
    })
    const { evidence } = alerts[0]
    expect(evidence.effect).toBeGreaterThan(evidence.allowed)
    expect(evidence.q).toBeLessThan(0.05)
    expect(evidence.windows.map((w: { start: number }) => w.start)).toEqual([start, start + day])
    const [opened] = await events('alert.opened')
    expect(opened?.refs.map((ref) => ref.urn)).toEqual([
      `trivium://${project}/monitor/arrivals`,
      `trivium://${project}/window/arrivals:2001-01-08`,
      `trivium://${project}/window/arrivals:2001-01-09`,
      `trivium://${project}/release/rel_1`,
      `trivium://${project}/model/arrival-delay@1`,
    ])
    await live({ call, events, ...tell }, flights, { days: 7, first: 4 })
    const after = (await call('GET', `alerts/${id}`)).json
    expect(after).toMatchObject({
      state: 'resolved',
      resolvedEventTime: start + 6 * day,
      resolvedReason: 'In range again for as many windows as the rule asks.',
    })
    expect(after.history.map((moment: { what: string; byName: string }) => [moment.what, moment.byName])).toEqual([
      ['opened', 'Trivium'],
      ['resolved', 'Trivium'],
    ])
    expect((await call('GET', 'alerts?state=open')).json).toMatchObject({ alerts: [], open: 0 })
    expect(await events('alert.resolved')).toHaveLength(1)
  }, 60_000)

  test('somebody acknowledges it once, says whether it was useful, and event time does not wait for that', async () => {
    const { id, call, project } = await drifted()
    const inbox = (await call('GET', 'inbox')).json
    expect(inbox.items[0]).toMatchObject({ kind: 'acknowledgement', title: 'recent_late drifted', state: 'open' })
    const seen = await call('POST', `alerts/${id}/acknowledgement`, { note: 'Storms. Wait for labels.' })
    expect(seen.json).toMatchObject({ state: 'acknowledged', note: 'Storms. Wait for labels.' })
    expect(seen.json.acknowledgedByName).toContain('maintainer')
    const again = await call('POST', `alerts/${id}/acknowledgement`, {})
    expect([again.status, again.json.code]).toEqual([409, 'OPERATIONS.ACKNOWLEDGED'])
    expect((await call('PUT', `alerts/${id}/usefulness`, { answer: 'useful' })).json.useful).toBe('useful')
    expect((await call('GET', `alerts/${id}`)).json.history.map((m: { what: string }) => m.what)).toEqual([
      'opened',
      'acknowledged',
      'rated',
    ])
    expect((await call('GET', 'inbox')).json.items).toEqual([])
    const viewer = await world.as('viewer', project)
    expect((await viewer.call('POST', `/api/v1/projects/${project}/alerts/${id}/acknowledgement`, {})).status).toBe(403)
  }, 60_000)

  test('a decision in the inbox acknowledges it, and "noise" is remembered', async () => {
    const { id, call, project } = await drifted()
    const [item] = (await call('GET', 'inbox')).json.items
    expect((await call('POST', `inbox/${item.id}/decision`, { option: 'noise', reason: 'A calm week.' })).status).toBe(
      200,
    )
    await world.settled(project)
    expect((await call('GET', `alerts/${id}`)).json).toMatchObject({
      state: 'acknowledged',
      useful: 'noise',
      note: 'A calm week.',
    })
  }, 60_000)

  test('closed by hand it stays closed while the cause lasts, and opens again only after it recovered once', async () => {
    const { id, ...tell } = await drifted()
    expect((await tell.call('POST', `alerts/${id}/resolution`, {})).status).toBe(400)
    const closed = await tell.call('POST', `alerts/${id}/resolution`, { reason: 'The new normal.' })
    expect(closed.json).toMatchObject({ state: 'resolved', resolvedReason: 'The new normal.' })
    expect((await tell.call('POST', `alerts/${id}/resolution`, { reason: 'x' })).json.code).toBe('OPERATIONS.RESOLVED')
    const rest = flightsOf({ days: 10, seed: 'again', weatherOf: (i) => (i < 5 || i >= 7 ? { shift: 0.25 } : {}) })
    await live(tell, rest, { days: 5, first: 4 })
    expect((await tell.call('GET', 'alerts')).json.alerts).toHaveLength(1)
    await live(tell, rest, { days: 9, first: 5 })
    const { alerts } = (await tell.call('GET', 'alerts')).json
    expect(alerts.map((alert: { state: string }) => alert.state)).toEqual(['open', 'resolved'])
    expect((await tell.call('GET', `alerts/${alerts[0].id}`)).json.before.map((one: { id: string }) => one.id)).toEqual(
      [id],
    )
  }, 60_000)

  test('another release closes the alerts of the one before and starts its own state', async () => {
    const { id, call, project, events } = await drifted()
    await release(project, 'rel_2')
    await world.settled(project)
    expect((await call('GET', `alerts/${id}`)).json).toMatchObject({
      state: 'resolved',
      resolvedReason: 'arrival-delay v2 answers now.',
    })
    expect((await call('GET', 'monitors/arrivals')).json).toMatchObject({
      state: 'waiting',
      release: 'rel_2',
      version: 2,
      driftedFeatures: [],
    })
    expect(await events('monitor.recovered')).toEqual([])
  }, 60_000)

  test('values of personal columns are hidden in the words of an alert from whoever may not read them, and in its events', async () => {
    const project = await world.makeProject()
    const { clock, db, events, sequencer } = world.kernel
    const { inbox } = world.capabilities
    const sentence = 'The log loss of email=anna@example.org rose by 0.1.'
    const { id } = await db.write.transaction().execute(async (trx) => {
      await declarePersonal(trx, project, 'dataset:people', ['email'])
      return openAlert({ clock, events, inbox }, trx, {
        project_id: project,
        kind: 'performance',
        title: 'email=anna@example.org degraded',
        monitor: 'arrivals',
        about: 'log_loss',
        deployment: 'arrivals',
        release: 'rel_1',
        model: 'arrival-delay',
        model_version: 1,
        event_time: start,
        evidence: { ...noEvidence, sentence },
        refs: [],
      })
    })
    const wordsFor = async (role: 'viewer' | 'maintainer') => {
      const client = await world.as(role, project)
      const one = (await client.call('GET', `/api/v1/projects/${project}/alerts/${id}`)).json
      const { alerts } = (await client.call('GET', `/api/v1/projects/${project}/alerts`)).json
      expect([alerts[0].title, one.history[0].detail]).toEqual([one.title, one.evidence.sentence])
      return [one.title, one.evidence.sentence]
    }
    expect(await wordsFor('maintainer')).toEqual(['email=anna@example.org degraded', sentence])
    expect(await wordsFor('viewer')).toEqual(['email=redacted degraded', 'The log loss of email=redacted rose by 0.1.'])
    await sequencer.flush()
    const told = await (await world.as('maintainer', project)).call('GET', `/api/v1/projects/${project}/events`)
    expect(told.text).toContain('email=redacted degraded, open')
    expect(told.text).not.toContain('anna@')
  })

  test('what the alert started is found by lineage', async () => {
    const { id, call, project } = await drifted()
    await world.kernel.db.write.transaction().execute((trx) =>
      world.kernel.events.append(trx, {
        project,
        name: 'pipeline-run.started',
        schema: 1,
        by: 'tester',
        subject: urn(project, 'pipeline-run', 'prn_1'),
        refs: [
          { rel: 'input', urn: urn(project, 'monitor', 'arrivals'), as: 'triggered-by' },
          { rel: 'input', urn: urn(project, 'window', 'arrivals:2001-01-09'), as: 'cause' },
          { rel: 'output', urn: urn(project, 'model', 'arrival-delay', 2), as: 'made' },
        ],
        data: { fact: 'running' },
      }),
    )
    await world.settled(project)
    const { followed } = (await call('GET', `alerts/${id}`)).json
    expect(followed.map((one: { kind: string; as: string }) => [one.kind, one.as])).toEqual([
      ['pipeline-run', 'started'],
      ['model', 'made'],
    ])
  }, 60_000)

  test('an alert of another project is not found', async () => {
    const { id } = await drifted()
    const other = await world.makeProject()
    const maintainer = await world.as('maintainer', other)
    expect((await maintainer.call('GET', `/api/v1/projects/${other}/alerts/${id}`)).status).toBe(404)
    expect(
      (await maintainer.call('POST', `/api/v1/projects/${other}/alerts/${id}/resolution`, { reason: 'x' })).status,
    ).toBe(404)
    expect((await maintainer.call('GET', `/api/v1/projects/${other}/alerts`)).json.alerts).toEqual([])
  }, 60_000)
})

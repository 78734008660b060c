import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ReleaseHandOvers, VersionCustody } from '@trivium/contract'
import { describeEachDatabase } from '@trivium/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeEvidence } from '../../../registry/evidence.ts'
import type { Serving } from '../../index.ts'
import { registerModel, startServing } from '../../testing/serving-world.ts'
import { countHands, followVersion } from './follow-version.ts'
import { ratioOverDays } from './ratio-over-days.ts'

const fixtures = join(import.meta.dirname, '../../../../drivers/onnx/fixtures')
const hour = 3_600_000
const version = (acts: Parameters<typeof followVersion>[0]['acts']) => ({
  model: 'rain',
  version: 1,
  registeredAt: 0,
  registeredBy: 'ann',
  authors: ['ann'],
  acts,
})
const stretches = (found: ReturnType<typeof followVersion>) =>
  found.held.map((one) => `${one.step} ${one.who} ${one.from}-${one.to} ${one.ended}`)

test('a version that is declined goes back, is asked for again and serves; whoever takes it up had it since it lay there', () => {
  const found = followVersion(
    version([
      { kind: 'gate', at: 1, by: 'robot', reason: 'worse' },
      { kind: 'asked', at: 2, by: 'ann', item: 'a', to: null },
      { kind: 'assigned', at: 3, item: 'a', to: 'bea' },
      { kind: 'assigned', at: 3, item: 'a', to: 'bea' },
      { kind: 'decided', at: 5, by: 'bea', item: 'a', approved: false, reason: 'no baseline' },
      { kind: 'asked', at: 9, by: 'ann', item: 'b', to: null },
      // A word about the request before it moves nothing.
      { kind: 'withdrawn', at: 10, by: 'ann', item: 'a', reason: '' },
      { kind: 'decided', at: 12, by: 'bob', item: 'b', approved: true, reason: '' },
    ]),
    'ann',
    { at: 20, by: 'ops', until: 50 },
    undefined,
  )
  expect(stretches(found)).toEqual([
    'preparing ann 0-2 next',
    'deciding null 2-3 next',
    'deciding bea 3-5 returned',
    'preparing ann 5-9 next',
    'deciding bob 9-12 next',
    'releasing ops 12-20 next',
    'serving ops 20-50 next',
  ])
  expect(found.returned.map(({ kind, reason }) => [kind, reason])).toEqual([
    ['gate', 'worse'],
    ['review', 'no baseline'],
  ])
  const teams: Record<string, string> = { ann: 'science', bea: 'risk', bob: 'risk', ops: 'platform' }
  expect(countHands(found.held, (who) => teams[who] ?? null)).toEqual({
    handOvers: 4,
    teamHandOvers: 4,
    backAndForth: 1,
  })
})

test('a version that a later one overtook waits no more, and one that is taken back is with its author', () => {
  const overtaken = followVersion(
    version([{ kind: 'asked', at: 2, by: 'ann', item: 'a', to: 'bea' }]),
    'ann',
    undefined,
    30,
  )
  expect(stretches(overtaken).at(-1)).toBe('deciding bea 2-30 superseded')
  const back = followVersion(
    version([
      { kind: 'asked', at: 2, by: 'ann', item: 'a', to: null },
      { kind: 'withdrawn', at: 4, by: 'robot', item: 'a', reason: 'overdue' },
    ]),
    'ann',
    undefined,
    undefined,
  )
  expect(stretches(back)).toEqual(['preparing ann 0-2 next', 'deciding null 2-4 returned', 'preparing ann 4-null open'])
  // Deployed without being asked for: straight from hand to hand.
  const straight = followVersion(version([]), 'ann', { at: 7, by: 'ops', until: null }, 3)
  expect(stretches(straight)).toEqual(['preparing ann 0-7 next', 'serving ops 7-null open'])
})

test('a share over days has an interval from six days on, as the ratio estimator gives it', () => {
  expect(ratioOverDays([])).toEqual({ share: null, low: null, high: null })
  expect(ratioOverDays([{ part: 1, whole: 4 }])).toEqual({ share: 0.25, low: null, high: null })
  const days = [3, 5, 2, 8, 4, 6, 1, 7].map((whole, i) => ({ whole, part: [1, 2, 0, 3, 2, 1, 1, 2][i] ?? 0 }))
  // numpy: r=12/36; s2=sum((y-r*x)**2)/(n*(n-1)); t.ppf(.975,7)*sqrt(s2)/mean(x)
  const found = ratioOverDays(days)
  expect(found.share).toBeCloseTo(1 / 3, 12)
  expect([found.low, found.high]).toEqual([expect.closeTo(0.218665929915, 9), expect.closeTo(0.448000736752, 9)])
})

describeEachDatabase('hand-overs of releases', ({ world }) => {
  let serving: Serving
  beforeAll(() => {
    serving = startServing(world)
  })
  afterAll(() => serving.stop({ keepGateway: false }))

  test('who had each version, what came back and why, how long teams waited, where it stands still, and how much work was about production', async () => {
    const project = await world.makeProject()
    const api = `/api/v1/projects/${project}`
    const [author, approver, admin] = [
      await world.as('maintainer', project),
      await world.as('approver', project),
      await world.as('admin', project),
    ]
    const { scope } = author
    const { registry, inbox } = world.capabilities
    const onnx = await readFile(join(fixtures, 'columns.onnx'))
    const { db } = world.kernel
    // The author is in a group with a role here, which counts before his own.
    await db.write.transaction().execute(async (trx) => {
      const at = 1
      const by = admin.principal.id
      await trx
        .insertInto('access_group')
        .values({ name: `science-${project}`, description: '', created_at: at, created_by: by })
        .execute()
      await trx
        .insertInto('access_group_member')
        .values({ group_name: `science-${project}`, principal_id: author.principal.id, source: '', created_at: at })
        .execute()
      await trx
        .insertInto('role_grant')
        .values({
          project_id: project,
          kind: 'group',
          holder: `science-${project}`,
          role: 'viewer',
          created_at: at,
          created_by: by,
        })
        .execute()
    })
    const start = world.time.now
    const pass = (hours: number) => {
      world.time.now += hours * hour
    }
    const decide = async (item: string, option: string, reason: string) => {
      const answer = await approver.call('POST', `${api}/inbox/${item}/decision`, { option, reason })
      expect(answer.status, answer.text).toBe(200)
      await world.settled(project)
    }
    await registerModel(world, scope, 'rain', { 'model.onnx': onnx })
    pass(2)
    const first = await registry.requestApproval(scope, 'rain', 1)
    pass(10)
    await decide(first.item, 'decline', 'no baseline')
    pass(1)
    const second = await registry.requestApproval(scope, 'rain', 1)
    pass(1)
    await inbox.assign(admin.scope, second.item, approver.principal.name)
    pass(4)
    await decide(second.item, 'approve', '')
    pass(5)
    await serving.deploy(admin.scope, { name: 'rain-prod', model: 'rain/1' })
    await world.settled(project)
    await registerModel(world, scope, 'rain', { 'model.onnx': onnx })
    await registry.recordGate(
      scope,
      'rain',
      2,
      makeEvidence({
        kind: 'gate',
        verdict: 'failed',
        summary: 'log-loss is worse.',
        at: world.time.now,
        by: scope.principal.id,
        subjects: [],
        data: {},
      }),
      'gate-2',
    )
    await registry.requestApproval(scope, 'rain', 2)
    pass(30)

    const read = async (query = ''): Promise<ReleaseHandOvers> => {
      const answer = await author.call('GET', `${api}/release-hand-overs${query}`)
      expect(answer.status, answer.text).toBe(200)
      return answer.json
    }
    const found = await read('?model=rain')
    const one = found.versions.find((each: VersionCustody) => each.version === 1)
    expect(
      one?.segments.map((each) => [
        each.step,
        each.party.team,
        (each.from - start) / hour,
        each.to === null ? null : (each.to - start) / hour,
      ]),
    ).toEqual([
      ['preparing', `science-${project}`, 0, 2],
      ['deciding', 'approver', 2, 12],
      ['preparing', `science-${project}`, 12, 13],
      ['deciding', null, 13, 14],
      ['deciding', 'approver', 14, 18],
      ['releasing', 'admin', 18, 23],
      ['serving', 'admin', 23, null],
    ])
    expect(one).toMatchObject({ handOvers: 4, teamHandOvers: 4, backAndForth: 2, stalled: null })
    expect(one?.returns).toEqual([
      { kind: 'review', at: start + 12 * hour, by: approver.principal.name, reason: 'no baseline' },
    ])
    expect(found.stalled).toHaveLength(1)
    expect(found.stalled[0]).toMatchObject({
      version: 2,
      stalled: { step: 'deciding', since: start + 23 * hour, party: { principal: null }, longerThan: 1, of: 3 },
    })
    expect(
      found.steps.map(({ step, n, median, open }) => [step, n, median === null ? null : median / hour, open]),
    ).toEqual([
      ['preparing', 3, 1, 0],
      ['deciding', 3, 4, 1],
      ['releasing', 1, 5, 0],
    ])
    // 15 hours of version 1 and 30 of version 2, beside 5 for its release.
    expect(found.slowest).toBe('deciding')
    expect(found.steps[1]?.share).toBeCloseTo(45 / 50, 6)
    expect(found.returned).toMatchObject({ versions: 1, of: 2, times: 1, share: 0.5 })
    expect(found.returned.low).toBeGreaterThan(0)
    expect(found.reasons).toEqual(
      expect.arrayContaining([
        { kind: 'review', reason: 'no baseline', n: 1 },
        { kind: 'gate', reason: 'log-loss is worse.', n: 1 },
      ]),
    )
    const toApprover = found.between.find((each) => each.to === 'approver')
    expect(toApprover).toMatchObject({ n: 2, back: 1, wait: { n: 2, median: 7 * hour, low: null } })
    expect((await read()).versionsRead).toBe(2)
    expect((await author.call('GET', `${api}/release-hand-overs?model=none`)).status).toBe(404)
    const stranger = await world.as('viewer', await world.makeProject())
    expect((await stranger.call('GET', `${api}/release-hand-overs`)).status).toBe(404)

    // Decided after ten hours and after five; the third waits for thirty.
    const { text } = await admin.call('GET', '/metrics')
    for (const line of [
      'trivium_release_decisions_waiting{P} 1',
      'trivium_release_decision_oldest_seconds{P} 108000',
      'trivium_release_decision_seconds{P} 27000',
      'trivium_release_returned_ratio{P} 0.5',
    ])
      expect(text).toContain(line.replace('P', `project="${project}"`))

    const time = await author.call('GET', `${api}/production-time?days=30`)
    expect(time.status, time.text).toBe(200)
    const makers = time.json.makers
    expect(makers).toMatchObject({ people: 1, low: null, high: null })
    expect(makers.activeHours).toBeGreaterThan(1)
    // What the author did was before the deployment, or about another version.
    expect(makers.share).toBe(0)
    const admins = time.json.teams.find((each: { team: string }) => each.team === 'admin')
    expect(admins.share).toBeGreaterThan(0)
    expect(JSON.stringify(time.json)).not.toContain(author.principal.name)
  }, 60_000)
})

import { type Client, describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'
import { endOfRun, runPipeline, savePipeline, startRun, statesOf, stepOf, waitForRun } from './pipelines.fixture.ts'

const hour = 3_600_000

const definition = (judge: string) => `
name: responsible
steps:
  measure: { kind: command, run: ["sh", "-c", "echo 0.02 > \${out.gap}"], out: { gap: file } }
  fairness:
    kind: review
    needs: [measure]
    with: { title: Fairness of the groups, question: Is the gap between the groups acceptable?, deadline: 8h }
  cause:
    kind: judge
    needs: [fairness]
    with: ${judge}
  regulator:
    kind: consent
    needs: [cause]
    with: { title: Consent of the authority, question: Has the authority consented in writing? }
  ship:
    kind: command
    in: { found: steps.cause.decision }
    needs: [regulator]
    run: ["echo", "\${in.found}"]
`

describeEachDatabase('steps that a person decides', ({ world }) => {
  const place = async () => {
    const project = await world.makeProject()
    const client = await world.as('maintainer', project)
    const approver = await world.as('approver', project)
    const admin = await world.as('admin', project)
    const api = `/api/v1/projects/${project}`
    const open = async (who: Client = approver) =>
      (await who.call('GET', `${api}/inbox?view=team`)).json.items as Record<string, any>[]
    const decide = (who: Client, item: Record<string, any>, option: string, reason = 'because') =>
      who.call('POST', `${api}/inbox/${item['id']}/decision`, { option, reason })
    const waiting = async (run: string, step: string) => {
      await waitForRun(client, run, (now) => stepOf(now, step).state === 'waiting')
      const [item] = await open()
      if (!item) throw new Error('Nothing is in the inbox.')
      return item
    }
    return { project, client, approver, admin, api, open, decide, waiting }
  }

  test('a review, a judgement and a consent are nodes like others: assignee, deadline, decision as an output, every act an event', async () => {
    const { client, approver, admin, api, decide, waiting } = await place()
    const judge = `{ title: Root cause, question: What made the metric fall?, assignee: ${admin.principal.name}, deadline: 2d, options: [{ id: data-error, label: The data are wrong }, { id: world-changed }, { id: unknown, passes: false }] }`
    const saved = await savePipeline(client, { name: 'responsible', yaml: definition(judge) })
    expect(saved.status, saved.text).toBe(200)
    const { id, urn } = await startRun(client, 'responsible')

    const fairness = await waiting(id, 'fairness')
    expect(fairness).toMatchObject({
      kind: 'review',
      title: 'Fairness of the groups',
      subject: urn,
      assignee: null,
      whenLate: 'wait',
      dueAt: world.time.now + 8 * hour,
    })
    expect((await decide(client, fairness, 'accept')).status).toBe(403)
    await decide(approver, fairness, 'accept', 'gap of 2 %')

    const cause = await waiting(id, 'cause')
    expect(cause).toMatchObject({ kind: 'judgement', assignee: { name: admin.principal.name }, mayDecide: false })
    expect((await decide(approver, cause, 'data-error')).json.code).toBe('INBOX.NOT_ASSIGNED')
    await decide(admin, cause, 'data-error', 'the sensor was unplugged')

    await decide(approver, await waiting(id, 'regulator'), 'granted', 'letter of 3 May')
    const run = await endOfRun(client, id)
    expect(statesOf(run)).toEqual({
      measure: 'finished',
      fairness: 'finished',
      cause: 'finished',
      regulator: 'finished',
      ship: 'finished',
    })
    expect(stepOf(run, 'cause')).toMatchObject({
      waitingFor: cause['urn'],
      reason: `${admin.principal.name} decided data-error: the sensor was unplugged`,
      outputs: [{ name: 'decision', value: { option: 'data-error', by: admin.principal.id } }],
      evidence: [{ kind: 'approval', verdict: 'passed' }],
    })
    const log = (await client.call('GET', `${api}/pipeline-runs/${id}/steps/ship/log`)).json.lines
    expect(log.map((line: { text: string }) => line.text).join('')).toContain('data-error')
    await world.settled(client.scope.project)
    const { events } = (await client.call('GET', `${api}/events?subject=${encodeURIComponent(cause['urn'])}`)).json
    expect(events.map((event: { name: string }) => event.name)).toEqual(['inbox.decided', 'inbox.opened'])
    expect(events[0]).toMatchObject({ by: admin.principal.id, data: { reason: 'the sensor was unplugged' } })
  }, 60_000)

  test('a person who says no ends the run as rejected with his reason', async () => {
    const { client, approver, decide, waiting } = await place()
    await savePipeline(client, {
      name: 'responsible',
      yaml: definition('{ title: Why, question: Why?, options: [{ id: a }, { id: b }] }'),
    })
    const { id } = await startRun(client, 'responsible')
    const item = await waiting(id, 'fairness')
    const silent = await decide(approver, item, 'object', ' ')
    expect(silent.json.code).toBe('INBOX.REASON_NEEDED')
    await decide(approver, item, 'object', 'group B gets less')
    const run = await endOfRun(client, id)
    expect([run.state, run.reason]).toEqual([
      'rejected',
      `${approver.principal.name} decided object: group B gets less`,
    ])
    expect(stepOf(run, 'ship').state).toBe('skipped')
  }, 60_000)

  test('at the deadline an item is marked, and where the step says so the answer is no', async () => {
    const { client, api, open, waiting } = await place()
    const yaml = (late: string) =>
      `name: late\nsteps:\n  ask: { kind: review, with: { title: In time, question: Well?, deadline: 1h, late: ${late} } }\n`
    await savePipeline(client, { name: 'late', yaml: yaml('wait') })
    const patient = await startRun(client, 'late')
    await waiting(patient.id, 'ask')
    world.time.now += hour
    await expect.poll(async () => (await open())[0]?.['overdueAt']).toBe(world.time.now)
    expect((await waitForRun(client, patient.id, () => true)).state).toBe('waiting')

    await savePipeline(client, { name: 'late', yaml: yaml('reject') })
    const strict = await startRun(client, 'late')
    await waitForRun(client, strict.id, (now) => now.state === 'waiting')
    world.time.now += hour
    const run = await endOfRun(client, strict.id)
    expect([run.state, run.reason]).toEqual(['rejected', 'Nobody decided "In time" before its deadline.'])
    const names = async () =>
      (await client.call('GET', `${api}/events?name=inbox.overdue,inbox.withdrawn`)).json.events.map(
        (event: { name: string }) => event.name,
      )
    await expect.poll(names).toEqual(['inbox.withdrawn', 'inbox.overdue', 'inbox.overdue'])
  }, 60_000)

  test('what a definition says wrongly about a person is named when it is saved, and an assignee who may not decide when it runs', async () => {
    const { client } = await place()
    const save = async (step: string) =>
      (await savePipeline(client, { name: 'wrong', yaml: `name: wrong\nsteps:\n  ask: ${step}\n` })).json.detail
    const asks = 'title: A, question: B?'
    expect(await save(`{ kind: judge, with: { ${asks} } }`)).toContain('judge needs "options"')
    expect(await save(`{ kind: review, with: { ${asks}, deadline: soon } }`)).toContain('"deadline" is a duration')
    expect(await save(`{ kind: review, with: { ${asks}, late: reject } }`)).toContain('needs a "deadline"')
    expect(await save(`{ kind: review, with: { question: B?, who: me } }`)).toContain('It takes "title"')
    expect(await save(`{ kind: judge, with: { ${asks}, options: [{ id: a }, { id: a }] } }`)).toContain(
      'is there twice',
    )
    const run = await runPipeline(client, {
      name: 'wrong',
      yaml: `name: wrong\nsteps:\n  ask: { kind: review, with: { ${asks}, assignee: nobody } }\n`,
    })
    expect(run.reason).toContain('There is no person or service account "nobody" in this project.')
  }, 60_000)
})

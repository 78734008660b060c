import { describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'
import { urn } from '../../kernel/ids/index.ts'
import { declarePersonal } from '../access/index.ts'

describeEachDatabase('inbox', ({ world }) => {
  const open = async (project: string, authors: string[]) => {
    const by = (await world.as('maintainer', project)).principal
    return world.kernel.db.write.transaction().execute((trx) =>
      world.capabilities.inbox.open(trx, by, {
        project,
        kind: 'approval',
        title: 'Approve arrival-delay v2',
        summary: 'v2 is not worse than v1.',
        subject: urn(project, 'model', 'arrival-delay', 2),
        evidence: { logLoss: 0.4 },
        options: [
          { id: 'approve', label: 'Approve', consequence: 'v2 can be deployed.' },
          { id: 'decline', label: 'Decline', consequence: 'v2 stays a candidate.', needsReason: true },
        ],
        permission: 'inbox:decide',
        authors,
      }),
    )
  }

  test('an approver decides once; the decision is an event with the reason', async () => {
    const project = await world.makeProject()
    const approver = await world.as('approver', project)
    const { id } = await open(project, [])
    const url = `/api/v1/projects/${project}/inbox/${id}`
    expect((await approver.call('GET', `/api/v1/projects/${project}/inbox`)).json.mine).toBe(1)
    const decided = await approver.call('POST', `${url}/decision`, { option: 'approve', reason: 'looks right' })
    expect(decided.json.decision).toMatchObject({ option: 'approve', reason: 'looks right', by: approver.principal.id })
    const again = await approver.call('POST', `${url}/decision`, { option: 'decline', reason: 'no' })
    expect([again.status, again.json.code]).toEqual([409, 'INBOX.ALREADY_DECIDED'])
    await world.settled(project)
    const events = await approver.call('GET', `/api/v1/projects/${project}/events?name=inbox.decided`)
    expect(events.json.events[0].data).toMatchObject({ option: 'approve', reason: 'looks right', item: id })
  })

  test('values of personal columns are hidden in titles, words and evidence from whoever may not read them, and in events from all', async () => {
    const project = await world.makeProject()
    const { principal } = await world.as('maintainer', project)
    await world.kernel.db.write
      .transaction()
      .execute((trx) => declarePersonal(trx, project, 'dataset:people', ['email']))
    const { id } = await world.kernel.db.write.transaction().execute((trx) =>
      world.capabilities.inbox.open(trx, principal, {
        project,
        kind: 'review',
        title: 'Review email=anna@example.org, score 0.2',
        summary: 'Is bert@example.org the same person?',
        subject: urn(project, 'pipeline-run', 'prn_1'),
        evidence: { inputs: { other: { email: 'bert@example.org', score: 0.3 } } },
        options: [{ id: 'yes', label: 'Yes', consequence: 'They become one.' }],
        permission: 'inbox:decide',
        authors: [],
      }),
    )
    const seenBy = async (role: 'viewer' | 'maintainer') => {
      const client = await world.as(role, project)
      const one = (await client.call('GET', `/api/v1/projects/${project}/inbox/${id}`)).json
      const { items } = (await client.call('GET', `/api/v1/projects/${project}/inbox?view=team`)).json
      expect(items[0].title).toBe(one.title)
      return { title: one.title, summary: one.summary, evidence: one.evidence.inputs.other }
    }
    expect(await seenBy('maintainer')).toEqual({
      title: 'Review email=anna@example.org, score 0.2',
      summary: 'Is bert@example.org the same person?',
      evidence: { email: 'bert@example.org', score: 0.3 },
    })
    expect(await seenBy('viewer')).toEqual({
      title: 'Review email=redacted, score 0.2',
      summary: 'Is redacted the same person?',
      evidence: { email: 'redacted', score: 0.3 },
    })
    await world.kernel.sequencer.flush()
    const events = await (await world.as('maintainer', project)).call('GET', `/api/v1/projects/${project}/events`)
    expect(events.text).toContain('Review email=redacted')
    expect(events.text).not.toContain('example.org')
  })

  test('nobody decides about his own work, and a viewer decides nothing', async () => {
    const project = await world.makeProject()
    const approver = await world.as('approver', project)
    const viewer = await world.as('viewer', project)
    const { id } = await open(project, [approver.principal.id])
    const url = `/api/v1/projects/${project}/inbox/${id}`
    const own = await approver.call('POST', `${url}/decision`, { option: 'approve' })
    expect([own.status, own.json.code]).toEqual([403, 'INBOX.OWN_WORK'])
    expect((await viewer.call('POST', `${url}/decision`, { option: 'approve' })).status).toBe(403)
    expect((await viewer.call('GET', url)).json.mayNotBecause).toContain('inbox:decide')
  })

  test('a decision against the evidence needs a reason, and an unknown option is named', async () => {
    const project = await world.makeProject()
    const approver = await world.as('approver', project)
    const { id } = await open(project, [])
    const url = `/api/v1/projects/${project}/inbox/${id}/decision`
    expect((await approver.call('POST', url, { option: 'decline' })).json.code).toBe('INBOX.REASON_NEEDED')
    expect((await approver.call('POST', url, { option: 'maybe' })).json.detail).toContain('approve, decline')
  })

  test('event time waits for an open decision and moves on after it', async () => {
    const project = await world.makeProject()
    const maintainer = await world.as('maintainer', project)
    const approver = await world.as('approver', project)
    const { id } = await open(project, [])
    const held = await maintainer.call('POST', `/api/v1/projects/${project}/watermark`, {
      to: Date.UTC(2001, 0, 8),
      waitMs: 300,
    })
    expect(held.json).toMatchObject({ advanced: false, settled: false })
    expect(held.json.blockers[0]).toContain('Approve arrival-delay v2')
    await approver.call('POST', `/api/v1/projects/${project}/inbox/${id}/decision`, { option: 'approve' })
    const moved = await maintainer.call('POST', `/api/v1/projects/${project}/watermark`, { to: Date.UTC(2001, 0, 8) })
    expect(moved.json).toMatchObject({ advanced: true, settled: true, at: Date.UTC(2001, 0, 8) })
    const back = await maintainer.call('POST', `/api/v1/projects/${project}/watermark`, { to: Date.UTC(2001, 0, 1) })
    expect([back.status, back.json.code]).toEqual([409, 'WATERMARK.BACKWARDS'])
  })

  test('an item that is assigned is decided by whom it is assigned to, and assigning leaves a trace', async () => {
    const project = await world.makeProject()
    const ana = await world.as('approver', project)
    const contributor = await world.as('contributor', project)
    const admin = await world.as('admin', project)
    const { id } = await open(project, [])
    const url = `/api/v1/projects/${project}/inbox/${id}`
    const assign = (who: typeof ana, assignee: string | null) => who.call('POST', `${url}/assignee`, { assignee })
    expect((await assign(contributor, ana.principal.name)).status).toBe(403)
    expect((await assign(admin, 'nobody')).json).toMatchObject({ code: 'INBOX.ASSIGNEE_UNKNOWN' })
    expect((await assign(admin, contributor.principal.name)).json).toMatchObject({ code: 'INBOX.ASSIGNEE_MAY_NOT' })
    expect((await assign(admin, ana.principal.name)).json).toMatchObject({
      assignee: { id: ana.principal.id, name: ana.principal.name },
      mayDecide: false,
      mayNotBecause: `It is assigned to ${ana.principal.name}.`,
    })
    expect((await admin.call('GET', `/api/v1/projects/${project}/inbox`)).json).toMatchObject({ mine: 0, team: 1 })
    const refused = await admin.call('POST', `${url}/decision`, { option: 'approve' })
    expect([refused.status, refused.json.code]).toEqual([403, 'INBOX.NOT_ASSIGNED'])
    expect((await ana.call('POST', `${url}/decision`, { option: 'approve' })).status).toBe(200)
    expect((await assign(admin, null)).json).toMatchObject({ code: 'INBOX.NOT_OPEN' })
    await world.settled(project)
    const { events } = (
      await admin.call('GET', `/api/v1/projects/${project}/events?subject=${urn(project, 'inbox', id)}`)
    ).json as { events: { name: string; by: string; data: Record<string, unknown> }[] }
    expect(events.map((event) => event.name)).toEqual(['inbox.decided', 'inbox.assigned', 'inbox.opened'])
    expect(events[1]).toMatchObject({ by: admin.principal.id, data: { assignee: ana.principal.id, before: null } })
    const own = await open(project, [ana.principal.id])
    expect(
      (
        await admin.call('POST', `/api/v1/projects/${project}/inbox/${own.id}/assignee`, {
          assignee: ana.principal.name,
        })
      ).json.code,
    ).toBe('INBOX.ASSIGNEE_IS_AUTHOR')
  })

  test('an item of another project cannot be reached by its id', async () => {
    const mine = await world.makeProject()
    const theirs = await world.makeProject()
    const { id } = await open(theirs, [])
    const approver = await world.as('approver', mine)
    expect((await approver.call('GET', `/api/v1/projects/${mine}/inbox/${id}`)).status).toBe(404)
    expect((await approver.call('GET', `/api/v1/projects/${theirs}/inbox/${id}`)).status).toBe(404)
  })
})

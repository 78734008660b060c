import { describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'
import { newPerson, request } from './testing/browser.fixture.ts'

const minute = 60_000

describeEachDatabase('invitations', ({ world }) => {
  const invite = async (role: string, more: object = {}) => {
    const admin = await world.as('instance-admin')
    const made = await admin.call('POST', `/api/v1/projects/default/invitations`, { role, ...more })
    expect(made.status, made.text).toBe(201)
    return { id: made.json.invitation.id as string, token: String(made.json.path).replace('/login#invitation=', '') }
  }
  const accept = (token: string, name: string, more: object = {}) =>
    request(world, 'POST', '/api/v1/invitations/accept', { token, name, ...more })

  test('whoever opens one learns what it is for, chooses a name, and is signed in with the role', async () => {
    const { token, id } = await invite('contributor', { name: 'wanted' })
    const seen = await request(world, 'POST', '/api/v1/invitations/open', { token })
    expect(seen.json).toEqual({
      project: 'default',
      title: 'Default',
      role: 'contributor',
      invitedBy: 'admin',
      name: 'wanted',
      expiresAt: world.time.now + 7 * 24 * 60 * minute,
      byProvider: false,
    })
    const name = `new-${world.kernel.db.dialect}`
    const taken = await accept(token, 'admin')
    expect([taken.status, taken.json.code]).toEqual([409, 'ACCESS.NAME_TAKEN'])
    const refused = await accept(token, name, { password: 'correct horse battery' })
    expect([refused.status, refused.json.code]).toEqual([404, 'SIGN_IN.NO_PASSWORDS'])
    const { cookie } = await accept(token, name)
    const session = await request(world, 'GET', '/api/v1/session', undefined, { cookie })
    expect(session.json).toMatchObject({ name, instanceAdmin: false, projects: [{ name: 'default' }] })
    expect(session.json.projects[0].permissions).toContain('dataset:write')
    const list = await (await world.as('admin')).call('GET', '/api/v1/projects/default/invitations')
    expect(list.json.invitations.find((one: { id: string }) => one.id === id)).toMatchObject({
      usedBy: name,
      usedAt: world.time.now,
      invitedBy: 'admin',
    })
    expect(list.text).not.toContain(token)
    for (const again of [
      await accept(token, `${name}-2`),
      await request(world, 'POST', '/api/v1/invitations/open', { token }),
    ])
      expect([again.status, again.json.code]).toEqual([410, 'SIGN_IN.INVITATION_SPENT'])
  })

  test('of many who use one at the same time one gets in, and the others leave no account', async () => {
    const { token } = await invite('viewer')
    const names = Array.from({ length: 6 }, (_, i) => `racer-${i}-${world.kernel.db.dialect}`)
    const all = await Promise.all(names.map((name) => accept(token, name)))
    expect(all.map(({ status }) => status).toSorted()).toEqual([200, 410, 410, 410, 410, 410])
    const rows = await world.kernel.db.read.selectFrom('principal').select('id').where('name', 'in', names).execute()
    expect(rows).toHaveLength(1)
  })

  test('one that is taken back, too old, or of somebody who may not invite any more, opens nothing', async () => {
    const admin = await world.as('admin')
    const back = await invite('viewer')
    const url = `/api/v1/projects/default/invitations/${back.id}`
    expect((await admin.call('DELETE', url)).status).toBe(200)
    expect((await admin.call('DELETE', url)).json.code).toBe('SIGN_IN.INVITATION_NOT_FOUND')
    const old = await invite('viewer', { expiresInDays: 1 })
    world.time.now += 24 * 60 * minute
    const project = await world.makeProject()
    const boss = await world.as('admin', project)
    const made = await boss.call('POST', `/api/v1/projects/${project}/invitations`, { role: 'viewer' })
    await (await world.as('instance-admin')).call(
      'DELETE',
      `/api/v1/projects/${project}/people/${boss.principal.name}/roles/admin`,
    )
    const orphan = String(made.json.path).split('invitation=')[1] as string
    for (const token of [back.token, old.token, orphan, 'tri_guessed'])
      expect((await accept(token, `late-${world.kernel.db.dialect}`)).json.code).toBe('SIGN_IN.INVITATION_SPENT')
  })

  test('nobody invites to more than he holds, nor to another project', async () => {
    const project = await world.makeProject()
    const admin = await world.as('admin', project)
    const few = await admin.call('POST', `/api/v1/projects/${project}/tokens`, {
      name: 'few',
      permissions: ['member:write', 'project:read'],
    })
    const headers = { authorization: `Bearer ${few.json.secret}` }
    const more = await request(world, 'POST', `/api/v1/projects/${project}/invitations`, { role: 'admin' }, headers)
    expect([more.status, more.json.code]).toEqual([403, 'ACCESS.FORBIDDEN'])
    const unknown = await admin.call('POST', `/api/v1/projects/${project}/invitations`, { role: 'emperor' })
    expect([unknown.status, unknown.json.code]).toEqual([400, 'ACCESS.UNKNOWN_ROLE'])
    const { id } = await invite('viewer')
    const foreign = await admin.call('DELETE', `/api/v1/projects/${project}/invitations/${id}`)
    expect([foreign.status, foreign.json.code]).toEqual([404, 'SIGN_IN.INVITATION_NOT_FOUND'])
  })

  test('one for a mail address needs an identity provider', async () => {
    const url = '/api/v1/projects/default/invitations'
    const made = await (await world.as('admin')).call('POST', url, { role: 'viewer', mail: 'jane@example.org' })
    expect([made.status, made.json.code]).toEqual([404, 'SIGN_IN.NO_PROVIDER'])
  })

  test('who has an account uses one for it, and stays who he is', async () => {
    const { name, cookie } = await newPerson(world)
    const { token } = await invite('approver')
    const joined = await request(world, 'POST', '/api/v1/invitations/join', { token }, { cookie })
    expect(joined.json).toEqual({ project: 'default' })
    const { json } = await request(world, 'GET', '/api/v1/session', undefined, { cookie })
    expect(json.name).toBe(name)
    expect(json.projects[0].permissions).toContain('inbox:decide')
    const robot = await (await world.as('admin')).call('POST', '/api/v1/invitations/join', { token: 'x' })
    expect(robot.json.code).toBe('SIGN_IN.NARROWED')
  })
})

import { type Permission, roles } from '@trivium/contract'
import { type Client, describeEachDatabase } from '@trivium/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Scope } from '../../kernel/principal/index.ts'
import { holdersOf, lastingPermissions, setExternalGroups } from './index.ts'

describeEachDatabase('permissions', ({ world }) => {
  let project: string
  let admin: Client
  let root: Client
  let people = 0

  beforeAll(async () => {
    project = await world.makeProject()
    admin = await world.as('admin', project)
    root = await world.as('instance-admin', project)
  })

  const at = (path: string, of = project) => `/api/v1/projects/${of}/${path}`
  /** A person with a browser's freedom: a token of all projects with everything that the account holds. */
  const person = async (role?: string, kind: 'person' | 'service' = 'person') => {
    people += 1
    const name = `p${people}-${project.slice(-6)}`
    const { id } = await world.capabilities.access.createPrincipal(root.principal, { name, kind })
    if (role !== undefined)
      await world.capabilities.access.grantRole({ project, principal: root.principal } as Scope, {
        principalId: id,
        role,
      })
    const { secret } = await world.capabilities.access.createToken(root.principal, { principalId: id, name })
    const call: Client['call'] = (method, url, body, headers) =>
      admin.call(method, url, body, { authorization: `Bearer ${secret}`, ...headers })
    return { id, name, secret, call }
  }
  const must = async (client: Pick<Client, 'call'>, ...args: Parameters<Client['call']>) => {
    const answer = await client.call(...args)
    if (answer.status >= 300) throw new Error(`${args[0]} ${args[1]}: ${answer.status} ${answer.text}`)
    return answer.json
  }
  const role = (name: string, permissions: Permission[], client: Pick<Client, 'call'> = admin) =>
    client.call('PUT', at(`roles/${name}`), { permissions })
  const mayPredict = async (secret: string) => {
    const token = (await world.capabilities.access.createLoginLink(root.principal, root.principal.id), secret)
    const { createHash } = await import('node:crypto')
    const hash = createHash('sha256').update(token).digest('hex')
    return (await world.capabilities.access.tokenSnapshot()).find((one) => one.hash === hash)?.mayPredict
  }

  describe('roles made here', () => {
    test('open exactly what they name, at once lose what is taken out, and end with the role', async () => {
      expect((await role('labeller', ['project:read', 'label:write', 'prediction:write'])).status).toBe(200)
      const jane = await person()
      expect((await jane.call('GET', at('people'))).status).toBe(404)
      await must(admin, 'POST', at('people'), { name: jane.name, role: 'labeller' })
      expect((await jane.call('GET', at('people'))).status).toBe(200)
      expect((await jane.call('GET', at('datasets'))).status).toBe(403)
      expect(await mayPredict(jane.secret)).toBe(true)
      // What the gateway is told follows from the same place.
      expect((await role('labeller', ['project:read', 'dataset:read'])).status).toBe(200)
      expect(await mayPredict(jane.secret)).toBe(false)
      expect((await jane.call('GET', at('datasets'))).status).toBe(200)
      expect((await admin.call('DELETE', at('roles/labeller'))).json).toEqual({ taken: 1 })
      expect((await jane.call('GET', at('datasets'))).status).toBe(404)
      expect((await admin.call('POST', at('people'), { name: jane.name, role: 'labeller' })).json.code).toBe(
        'ACCESS.UNKNOWN_ROLE',
      )
    })

    test('nobody puts into a role, or gives by one, what he does not hold', async () => {
      await must(admin, 'PUT', at('roles/clerk'), { permissions: ['project:read', 'member:write', 'token:write'] })
      const clerk = await person('clerk')
      const refused = await role('spy', ['data:read-rows'], clerk)
      expect([refused.status, refused.json.detail]).toEqual([403, expect.stringContaining('data:read-rows')])
      for (const wanted of ['viewer', 'admin'])
        expect((await clerk.call('POST', at('people'), { name: clerk.name, role: wanted })).status, wanted).toBe(403)
      expect((await role('clerk', ['project:read', 'project:admin'], clerk)).status).toBe(403)
      expect((await role('greeter', ['project:read'], clerk)).status).toBe(200)
      // A token for a service account holds no more than whoever makes it.
      const robot = await person('maintainer', 'service')
      const { secret } = await must(clerk, 'POST', at('tokens'), { name: 't', for: robot.name })
      expect((await admin.call('GET', at('datasets'), undefined, { authorization: `Bearer ${secret}` })).status).toBe(
        403,
      )
      expect((await role('ruler', ['instance:admin' as Permission])).status).toBeGreaterThanOrEqual(400)
      expect((await role('viewer', ['project:read'])).json.code).toBe('ACCESS.ROLE_OF_PROGRAM')
    })

    test('a role of the instance is given in every project, a project’s own of that name is another', async () => {
      expect((await admin.call('PUT', '/api/v1/roles/auditor', { permissions: ['audit:read'] })).status).toBe(403)
      await must(root, 'PUT', '/api/v1/roles/auditor', { permissions: ['project:read', 'audit:read'] })
      const jane = await person('auditor')
      expect((await jane.call('GET', at('access-log'))).status).toBe(200)
      expect((await role('auditor', ['project:read'])).status).toBe(200)
      expect((await jane.call('GET', at('access-log'))).status).toBe(403)
      const names = (await admin.call('GET', at('roles'))).json.roles.map((one: any) => [one.name, one.origin])
      expect(names.filter(([name]: string[]) => name === 'auditor')).toEqual([['auditor', 'project']])
      await must(root, 'DELETE', '/api/v1/roles/auditor')
      expect((await jane.call('GET', at('people'))).status).toBe(200)
    })
  })

  describe('groups', () => {
    test('bring their roles to whoever is in them, as long as he is', async () => {
      const jane = await person()
      expect((await admin.call('PUT', '/api/v1/groups/night-shift', {})).status).toBe(403)
      await must(root, 'PUT', '/api/v1/groups/night-shift', { description: 'On call' })
      await must(root, 'PUT', `/api/v1/groups/night-shift/members/${jane.name}`)
      await must(admin, 'PUT', at('groups/night-shift/roles/contributor'))
      expect((await jane.call('GET', at('datasets'))).status).toBe(200)
      expect(await mayPredict(jane.secret)).toBe(true)
      const explained = await must(jane, 'GET', at('access/explain?permission=dataset:write'))
      expect(explained).toMatchObject({
        allowed: true,
        reasons: [{ kind: 'group', role: 'contributor', group: 'night-shift', until: null }],
      })
      await must(root, 'DELETE', `/api/v1/groups/night-shift/members/${jane.name}`)
      expect((await jane.call('GET', at('datasets'))).status).toBe(404)
      await must(root, 'PUT', `/api/v1/groups/night-shift/members/${jane.name}`)
      await must(admin, 'DELETE', at('groups/night-shift/roles/contributor'))
      expect((await jane.call('GET', at('datasets'))).status).toBe(404)
    })

    test('of an identity provider replace what it said before, and nothing that others say', async () => {
      const jane = await person()
      for (const name of ['a', 'b', 'c']) await must(root, 'PUT', `/api/v1/groups/ext-${name}`, {})
      const say = (source: string, names: string[]) =>
        world.kernel.db.write
          .transaction()
          .execute((trx) => setExternalGroups(trx, jane.id, source, names, world.time.now))
      const within = async () =>
        (await must(root, 'GET', '/api/v1/groups')).groups
          .filter((one: any) => one.members.some((member: any) => member.name === jane.name))
          .map((one: any) => one.name)
      await must(root, 'PUT', `/api/v1/groups/ext-c/members/${jane.name}`)
      await say('https://one.example', ['ext-a', 'unknown', 'ext-a'])
      await say('https://two.example', ['ext-b'])
      expect(await within()).toEqual(['ext-a', 'ext-b', 'ext-c'])
      await say('https://one.example', [])
      expect(await within()).toEqual(['ext-b', 'ext-c'])
    })

    test('a project sees only the groups that hold a role in it, and nothing of their roles elsewhere', async () => {
      const other = await world.makeProject()
      await must(root, 'PUT', '/api/v1/groups/everywhere', {})
      await must(root, 'PUT', at('groups/everywhere/roles/viewer'))
      await must(root, 'PUT', at('groups/everywhere/roles/admin', other))
      const { groups } = await must(await world.as('viewer', project), 'GET', at('groups'))
      expect(groups.find((one: any) => one.name === 'everywhere').roles).toEqual([{ project, role: 'viewer' }])
      const third = await world.as('viewer', await world.makeProject())
      expect((await third.call('GET', at('groups', third.scope.project))).json.groups).toEqual([])
    })
  })

  describe('who may do what, and why', () => {
    test('every reason is named, also administering the instance and a token that leaves it out', async () => {
      const jane = await person('viewer')
      await must(admin, 'POST', at('people'), { name: jane.name, role: 'contributor' })
      const ask = async (query: string, client: Pick<Client, 'call'> = jane) =>
        must(client, 'GET', at(`access/explain?${query}`))
      expect((await ask('permission=run:read')).reasons.map((one: any) => one.role).toSorted()).toEqual([
        'contributor',
        'viewer',
      ])
      const no = await ask('permission=deployment:write')
      expect([no.allowed, no.rolesThatAllow.slice(0, 2), no.sentence]).toEqual([
        false,
        ['maintainer', 'admin'],
        expect.stringContaining('Roles that hold it: maintainer'),
      ])
      const narrow = await must(jane, 'POST', at('tokens'), { name: 'narrow', permissions: ['project:read'] })
      const narrowed = await admin.call('GET', at('access/explain?permission=run:write'), undefined, {
        authorization: `Bearer ${narrow.secret}`,
      })
      expect(narrowed.json).toMatchObject({ allowed: false, narrowed: true })
      // Of somebody who is not here an answer says as little as of nobody.
      const stranger = await ask('permission=run:read&principal=nobody-at-all')
      expect(stranger).toMatchObject({ allowed: false, reasons: [] })
      const { holders, you } = await must(jane, 'GET', at('access/holders?permission=run:read'))
      expect(you).toBe(true)
      expect(holders.map((one: any) => one.name)).toContain('admin')
      expect(holders.find((one: any) => one.name === 'admin').reasons[0].kind).toBe('instance-admin')
      expect(
        (await holdersOf(world.kernel.db.read, world.time.now, { project, permission: 'run:read' })).map(
          ({ name }) => name,
        ),
      ).toContain(jane.name)
    })

    test('explains exactly what the routes do', async () => {
      const jane = await person('approver')
      const wrong: string[] = []
      for (const permission of roles.admin) {
        const { allowed } = await must(jane, 'GET', at(`access/explain?permission=${permission}`))
        if (allowed !== (roles.approver as readonly string[]).includes(permission)) wrong.push(permission)
      }
      expect(wrong).toEqual([])
    })
  })

  describe('separation of duties', () => {
    test('a rule is kept by every way of giving, and administrators are outside of it', async () => {
      const mine = await world.makeProject()
      const here = await world.as('admin', mine)
      const there = (path: string) => at(path, mine)
      const rule = { first: 'pipeline:write', second: 'inbox:decide' }
      await must(here, 'PUT', there('access/separation'), { rules: [rule] })
      const jane = await person()
      const give = (name: string, client: Client = here) =>
        client.call('POST', there('people'), { name: jane.name, role: name })
      expect((await give('maintainer')).status).toBe(201)
      const refused = await give('approver')
      expect([refused.status, refused.json.code, refused.json.detail]).toEqual([
        409,
        'ACCESS.SEPARATED',
        expect.stringContaining('both pipeline:write and inbox:decide'),
      ])
      expect(
        (await must(here, 'GET', there('access/explain?permission=inbox:decide&principal=' + jane.name))).allowed,
      ).toBe(false)
      // By a role of its own that changes under him.
      await must(here, 'PUT', there('roles/helper'), { permissions: ['project:read'] })
      expect((await give('helper')).status).toBe(201)
      const changed = await here.call('PUT', there('roles/helper'), { permissions: ['project:read', 'inbox:decide'] })
      expect(changed.json.code).toBe('ACCESS.SEPARATED')
      expect(
        (await must(here, 'GET', there('roles'))).roles.find((one: any) => one.name === 'helper').permissions,
      ).toEqual(['project:read'])
      // By a group, from either side.
      await must(root, 'PUT', '/api/v1/groups/deciders', {})
      await must(here, 'PUT', there('groups/deciders/roles/approver'))
      expect((await root.call('PUT', `/api/v1/groups/deciders/members/${jane.name}`)).json.code).toBe(
        'ACCESS.SEPARATED',
      )
      await must(root, 'PUT', '/api/v1/groups/late', {})
      await must(root, 'PUT', `/api/v1/groups/late/members/${jane.name}`)
      expect((await here.call('PUT', there('groups/late/roles/approver'))).json.code).toBe('ACCESS.SEPARATED')
      expect((await give('admin')).status).toBe(201)
      expect((await must(here, 'GET', there('access/explain?permission=inbox:decide'))).separation).toEqual([rule])
    })

    test('who held both before the rule is named, and others are given what they need', async () => {
      const mine = await world.makeProject()
      const here = await world.as('admin', mine)
      const [jane, joe] = [await person(), await person()]
      for (const name of ['maintainer', 'approver'])
        await must(here, 'POST', at('people', mine), { name: jane.name, role: name })
      const rule = { first: 'pipeline:write', second: 'inbox:decide' }
      await must(here, 'PUT', at('access/separation', mine), { rules: [rule] })
      expect((await must(here, 'GET', at('access/separation', mine))).broken).toEqual([{ name: jane.name, ...rule }])
      expect((await here.call('POST', at('people', mine), { name: joe.name, role: 'approver' })).status).toBe(201)
      for (const bad of [
        { first: 'run:read', second: 'run:read' },
        { first: 'run:read', second: 'model:read' },
      ])
        expect((await here.call('PUT', at('access/separation', mine), { rules: [bad] })).json.code).toBe(
          'ACCESS.BAD_RULE',
        )
    })
  })

  describe('break-glass', () => {
    const start = (client: Pick<Client, 'call'>, minutes = 30) =>
      client.call('POST', at('break-glass'), { reason: 'The night shift cannot reach anybody.', minutes })

    test('gives an administrator’s permissions for its minutes, marks what is done meanwhile, and hands nothing on', async () => {
      await must(admin, 'PUT', at('roles/on-call'), {
        permissions: ['project:read', 'access:break-glass', 'token:write', 'event:read'],
      })
      const jane = await person('on-call')
      expect((await jane.call('PUT', at('feature-views/quiet'), {})).status).toBe(403)
      const bound = await must(jane, 'POST', at('tokens'), { name: 'bound' })
      const by = (secret: string): Pick<Client, 'call'> => ({
        call: (method, url, body) => admin.call(method, url, body, { authorization: `Bearer ${secret}` }),
      })
      expect((await start(by(bound.secret))).json.code).toBe('ACCESS.GLASS_FOR_PEOPLE')
      const glass = (await start(jane)).json
      expect(glass).toMatchObject({ active: true, principalName: jane.name, endsAt: world.time.now + 30 * 60_000 })
      expect((await start(jane)).json.code).toBe('ACCESS.GLASS_BROKEN')
      expect((await jane.call('PUT', at('datasets/at-night'), { description: 'Looked at.' })).status).toBe(200)
      // What outlives the minutes, such as a trigger, is judged by what he holds without them.
      const lasting = await lastingPermissions(world.kernel.db.read, jane.id, project)
      expect([...lasting].toSorted()).toEqual(['access:break-glass', 'event:read', 'project:read', 'token:write'])
      const events = async (name: string) =>
        (await must(admin, 'GET', at(`events?name=${name}&limit=100`))).events as any[]
      await world.settled(project)
      const [declared] = await events('dataset.declared')
      expect(declared.by).toBe(jane.id)
      expect(declared.refs).toEqual([{ rel: 'about', urn: glass.urn, as: 'under' }])
      expect((await events('break-glass.started'))[0].data).toMatchObject({
        reason: expect.stringContaining('night shift'),
      })
      // What others do at the same time is theirs.
      await must(admin, 'PUT', at('datasets/at-night'), { description: 'By day.' })
      await world.settled(project)
      expect((await events('dataset.declared')).map((one) => one.refs.length).toSorted()).toEqual([0, 1])
      for (const [method, url, body] of [
        ['POST', 'people', { name: jane.name, role: 'admin' }],
        ['PUT', 'roles/back-door', { permissions: ['project:admin'] }],
        ['POST', 'tokens', { name: 'later', permissions: ['project:admin'] }],
      ] as const)
        expect((await jane.call(method, at(url), body)).json.code, url).toBe('ACCESS.LENT')
      const { secret: later } = await must(jane, 'POST', at('tokens'), { name: 'later' })
      world.time.now += 30 * 60_000
      expect((await jane.call('PUT', at('datasets/at-night'), { description: 'Later.' })).status).toBe(403)
      expect((await by(later).call('PUT', at('datasets/at-night'), { description: 'Later.' })).status).toBe(403)
      await expect
        .poll(async () => (await events('break-glass.ended'))[0]?.data, { timeout: 10_000 })
        .toEqual({ early: false })
      expect((await must(admin, 'GET', at('break-glass'))).breakGlass[0]).toMatchObject({
        active: false,
        endedByName: null,
      })
    })

    test('tells the administrators at once, and either side ends it early', async () => {
      await must(admin, 'PUT', at('roles/on-call'), { permissions: ['project:read', 'access:break-glass'] })
      const [jane, joe] = [await person('on-call'), await person('on-call')]
      const first = (await start(jane)).json
      await world.settled(project)
      const items = async () => (await must(admin, 'GET', at('inbox'))).items as any[]
      await expect
        .poll(async () => (await items()).find((one) => one.subject === first.urn)?.title)
        .toContain(jane.name)
      expect((await joe.call('DELETE', at(`break-glass/${first.id}`))).json.code).toBe('ACCESS.GLASS_NOT_YOURS')
      expect((await admin.call('DELETE', at(`break-glass/${first.id}`))).json.active).toBe(false)
      expect((await jane.call('PUT', at('datasets/ended'), {})).status).toBe(403)
      const second = (await start(jane)).json
      expect((await jane.call('DELETE', at(`break-glass/${second.id}`))).json).toMatchObject({
        active: false,
        endedByName: jane.name,
      })
      expect((await jane.call('DELETE', at(`break-glass/${second.id}`))).status).toBe(404)
    })
  })

  describe('rotation of tokens', () => {
    test('both work until the overlap is over, then the new one only, with what the old one held', async () => {
      const jane = await person('contributor')
      const made = await must(jane, 'POST', at('tokens'), {
        name: 'job',
        permissions: ['dataset:read'],
        expiresInDays: 10,
      })
      const opens = async (secret: string) =>
        (await admin.call('GET', at('datasets'), undefined, { authorization: `Bearer ${secret}` })).status
      const rotated = await must(jane, 'POST', at(`tokens/${made.token.id}/rotate`), { overlapSeconds: 600 })
      expect(rotated.token).toMatchObject({
        name: 'job',
        permissions: ['dataset:read'],
        principalName: jane.name,
        expiresAt: world.time.now + 10 * 86_400_000,
      })
      expect(rotated.old).toMatchObject({ rotatedTo: rotated.token.id, expiresAt: world.time.now + 600_000 })
      expect([await opens(made.secret), await opens(rotated.secret)]).toEqual([200, 200])
      const again = await jane.call('POST', at(`tokens/${made.token.id}/rotate`), {})
      expect(again.json.code).toBe('ACCESS.ROTATED_ALREADY')
      world.time.now += 600_000
      expect([await opens(made.secret), await opens(rotated.secret)]).toEqual([401, 200])
    })

    test('nobody gets a secret that opens more than he holds, nor another person’s', async () => {
      await must(admin, 'PUT', at('roles/clerk'), { permissions: ['project:read', 'member:write', 'token:write'] })
      const [clerk, jane, robot] = [
        await person('clerk'),
        await person('contributor'),
        await person('admin', 'service'),
      ]
      const hers = await must(jane, 'POST', at('tokens'), { name: 'hers' })
      expect((await clerk.call('POST', at(`tokens/${hers.token.id}/rotate`), {})).status).toBe(403)
      expect((await admin.call('POST', at(`tokens/${hers.token.id}/rotate`), {})).status).toBe(403)
      const of = await must(root, 'POST', at('tokens'), { name: 'robot', for: robot.name })
      expect((await clerk.call('POST', at(`tokens/${of.token.id}/rotate`), {})).status).toBe(403)
      expect((await root.call('POST', at(`tokens/${of.token.id}/rotate`), {})).status).toBe(201)
      const stranger = await world.as('admin', await world.makeProject())
      expect(
        (await stranger.call('POST', at(`tokens/${hers.token.id}/rotate`, stranger.scope.project), {})).status,
      ).toBe(404)
    })
  })
})

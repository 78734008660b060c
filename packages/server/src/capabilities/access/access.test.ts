import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Permission } from '@trivium/contract'
import { createWorld, describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'
import type { Scope } from '../../kernel/principal/index.ts'

describeEachDatabase('access', ({ world }) => {
  const send = (
    method: 'GET' | 'POST',
    url: string,
    options: { headers?: Record<string, string>; body?: unknown } = {},
  ) =>
    world.app.inject({
      method,
      url,
      headers: { host: 'localhost', ...options.headers },
      ...(options.body === undefined ? {} : { payload: options.body as object }),
    })
  const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` })
  const linkFor = async (name: string) => {
    const made = await (await world.as('instance-admin')).call('POST', '/api/v1/login-links', { name })
    return String(made.json.path).replace('/login#token=', '')
  }
  let accounts = 0
  const account = async (
    project: string,
    role: 'viewer' | 'contributor' | 'admin',
    kind: 'person' | 'service' = 'person',
  ) => {
    accounts += 1
    const name = `${kind}-${accounts}-${project}`
    const made = await (await world.as('instance-admin')).call('POST', `/api/v1/projects/${project}/people`, {
      name,
      kind,
      role,
    })
    expect(made.status).toBe(201)
    return { id: made.json.id as string, name }
  }
  const tokenOf = async (
    principalId: string,
    project?: string,
    permissions?: readonly Permission[],
    expiresAt?: number,
  ) => {
    const { principal } = await world.as('instance-admin')
    const made = await world.capabilities.access.createToken(principal, {
      principalId,
      name: 'test',
      ...(project === undefined ? {} : { project }),
      ...(permissions ? { permissions } : {}),
      ...(expiresAt === undefined ? {} : { expiresAt }),
    })
    return made.secret
  }

  test('tokens, sessions, links and invitations are stored as hashes: what is in the database opens nothing', async () => {
    const { id, name } = await account(world.project, 'viewer')
    const token = await tokenOf(id)
    const link = await linkFor(name)
    const login = await send('POST', '/api/v1/login', { body: { token: await linkFor(name) } })
    const session = /trs_[\w-]+/.exec(String(login.headers['set-cookie']))?.[0] ?? ''
    const admin = await world.as('instance-admin')
    const invited = await admin.call('POST', `/api/v1/projects/${world.project}/invitations`, { role: 'viewer' })
    const invitation = /tri_[\w-]+/.exec(String(invited.json.path))?.[0] ?? ''
    const stored = JSON.stringify(
      await Promise.all(
        (['token', 'login_link', 'invitation'] as const).map((table) =>
          world.kernel.db.read.selectFrom(table).selectAll().execute(),
        ),
      ),
    )
    expect(stored).toContain(id)
    for (const secret of [token, link, session, invitation]) {
      expect(secret).toMatch(/^tr[vlsi]_[\w-]{43}$/)
      expect(stored.includes(secret), secret.slice(0, 4)).toBe(false)
    }
  })

  test('a login link makes one session, with a cookie that scripts and other sites cannot use', async () => {
    const { id, name } = await account(world.project, 'viewer')
    const token = await linkFor(name)
    const login = await send('POST', '/api/v1/login', { body: { token } })
    expect([login.statusCode, login.json().principal]).toEqual([200, id])
    const cookie = String(login.headers['set-cookie'])
    expect(cookie).toMatch(/^trivium_session=trs_[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=1209600$/)
    expect(login.body).not.toContain('trs_')
    const value = cookie.split(';')[0] as string
    const session = await send('GET', '/api/v1/session', { headers: { cookie: value } })
    expect(session.json()).toMatchObject({ id, name, kind: 'person', instanceAdmin: false })
    const again = await send('POST', '/api/v1/login', { body: { token } })
    expect([again.statusCode, again.json().code]).toEqual([410, 'ACCESS.LINK_SPENT'])
    const out = await send('POST', '/api/v1/logout', { headers: { cookie: value, origin: 'http://localhost' } })
    expect(out.headers['set-cookie']).toContain('Max-Age=0')
    expect((await send('GET', '/api/v1/session', { headers: { cookie: value } })).statusCode).toBe(401)
  })

  test('of many exchanges of one link at the same time exactly one succeeds', async () => {
    const { name } = await account(world.project, 'viewer')
    const token = await linkFor(name)
    const all = await Promise.all(Array.from({ length: 8 }, () => send('POST', '/api/v1/login', { body: { token } })))
    expect(all.map((a) => a.statusCode).toSorted()).toEqual([200, 410, 410, 410, 410, 410, 410, 410])
  })

  test('a login link lives five minutes and is no token', async () => {
    const { name } = await account(world.project, 'viewer')
    const token = await linkFor(name)
    expect((await send('GET', '/api/v1/session', { headers: bearer(token) })).statusCode).toBe(401)
    world.time.now += 5 * 60_000 - 1
    const late = await linkFor(name)
    expect((await send('POST', '/api/v1/login', { body: { token } })).statusCode).toBe(200)
    world.time.now += 5 * 60_000
    expect((await send('POST', '/api/v1/login', { body: { token: late } })).statusCode).toBe(410)
  })

  test("another site's page cannot sign a reader in", async () => {
    const { name } = await account(world.project, 'viewer')
    for (const origin of ['https://evil.example', 'null', 'not a url']) {
      const refused = await send('POST', '/api/v1/login', { body: { token: await linkFor(name) }, headers: { origin } })
      expect([refused.statusCode, refused.json().code], origin).toEqual([403, 'HTTP.BAD_ORIGIN'])
    }
    const own = await send('POST', '/api/v1/login', {
      body: { token: await linkFor(name) },
      headers: { origin: 'http://localhost' },
    })
    expect(own.statusCode).toBe(200)
  })

  test('service accounts get no login link, from nobody', async () => {
    const robot = await account(world.project, 'admin', 'service')
    const admin = await world.as('instance-admin')
    const refused = await admin.call('POST', '/api/v1/login-links', { name: robot.name })
    expect([refused.status, refused.json.code]).toEqual([400, 'ACCESS.SERVICE_CANNOT_LOG_IN'])
    const own = await send('POST', '/api/v1/login-links', { headers: bearer(await tokenOf(robot.id)), body: {} })
    expect(own.json().code).toBe('ACCESS.SERVICE_CANNOT_LOG_IN')
  })

  test('only the instance administrator makes login links for others; a narrowed token makes none', async () => {
    const project = await world.makeProject()
    const boss = await account(project, 'admin')
    const other = await account(project, 'viewer')
    const free = bearer(await tokenOf(boss.id))
    const own = await send('POST', '/api/v1/login-links', { headers: free, body: {} })
    expect(own.statusCode).toBe(201)
    const others = await send('POST', '/api/v1/login-links', { headers: free, body: { name: other.name } })
    expect([others.statusCode, others.json().code]).toEqual([403, 'ACCESS.FORBIDDEN'])
    const bound = await send('POST', '/api/v1/login-links', {
      headers: bearer(await tokenOf(boss.id, project)),
      body: {},
    })
    expect([bound.statusCode, bound.json().code]).toEqual([403, 'ACCESS.NARROWED'])
  })

  test('a project that is not there is told as missing to those, too, who may do everything in every project', async () => {
    const { call } = await world.as('instance-admin')
    for (const [method, path] of [
      ['GET', 'experiments'],
      ['PUT', 'quotas'],
    ] as const) {
      const answer = await call(method, `/api/v1/projects/never-made/${path}`, method === 'PUT' ? {} : undefined)
      expect([path, answer.status, answer.json.code]).toEqual([path, 404, 'ACCESS.PROJECT_NOT_FOUND'])
    }
  })

  test('a narrowed token hands on what it holds and nothing more: no permission, no role, no longer life', async () => {
    const project = await world.makeProject()
    const boss = await account(project, 'admin')
    const robot = await account(project, 'admin', 'service')
    const few: Permission[] = ['token:write', 'member:write', 'dataset:read']
    const ends = world.time.now + 3_600_000
    const headers = bearer(await tokenOf(boss.id, project, few, ends))
    const url = `/api/v1/projects/${project}/tokens`

    const more = await send('POST', url, {
      headers,
      body: { name: 'more', permissions: ['dataset:read', 'dataset:write'] },
    })
    expect([more.statusCode, more.json().detail]).toEqual([403, expect.stringContaining('dataset:write')])
    for (const body of [{ name: 'same' }, { name: 'same for the robot', for: robot.name }]) {
      const same = await send('POST', url, { headers, body })
      expect(same.statusCode).toBe(201)
      expect((same.json().token.permissions ?? []).toSorted()).toEqual(few.toSorted())
      expect(same.json().token.expiresAt).toBe(ends)
      const seen = await send('GET', '/api/v1/session', { headers: bearer(same.json().secret) })
      expect(seen.json().projects).toEqual([expect.objectContaining({ name: project })])
      expect(seen.json().projects[0].permissions.toSorted()).toEqual(few.toSorted())
    }
    const role = await send('POST', `/api/v1/projects/${project}/people`, {
      headers,
      body: { name: boss.name, role: 'admin' },
    })
    expect([role.statusCode, role.json().code]).toEqual([403, 'ACCESS.FORBIDDEN'])
  })

  test("the token of a run makes no tokens, and acts for its person without his other projects' rights", async () => {
    const project = await world.makeProject()
    const elsewhere = await world.makeProject()
    const person = await account(project, 'admin')
    const { principal } = await world.as('instance-admin')
    await world.capabilities.access.grantRole({ project: elsewhere, principal } as Scope, {
      principalId: person.id,
      role: 'admin',
    })
    const { secret } = await world.capabilities.access.createToken(principal, {
      principalId: person.id,
      name: 'run',
      kind: 'run',
      project,
      permissions: ['run:write', 'token:write', 'run:read'],
    })
    const session = await send('GET', '/api/v1/session', { headers: bearer(secret) })
    expect(session.json()).toMatchObject({
      kind: 'run',
      projects: [{ name: project, permissions: ['token:write', 'run:read', 'run:write'] }],
    })
    const made = await send('POST', `/api/v1/projects/${project}/tokens`, {
      headers: bearer(secret),
      body: { name: 'x' },
    })
    expect([made.statusCode, made.json().code]).toEqual([403, 'ACCESS.RUN_MAKES_NO_TOKEN'])
  })

  test('a person makes tokens for himself and, as admin of the project, for its service accounts only', async () => {
    const project = await world.makeProject()
    const boss = await account(project, 'admin')
    const worker = await account(project, 'contributor')
    const robot = await account(project, 'contributor', 'service')
    const url = `/api/v1/projects/${project}/tokens`
    const asBoss = bearer(await tokenOf(boss.id))
    const asWorker = bearer(await tokenOf(worker.id))
    const forRobot = await send('POST', url, { headers: asBoss, body: { name: 'ci', for: robot.name } })
    expect(forRobot.json().token).toMatchObject({ principal: robot.id, project, permissions: null })
    const forWorker = await send('POST', url, { headers: asBoss, body: { name: 'x', for: worker.name } })
    expect([forWorker.statusCode, forWorker.json().code]).toEqual([403, 'ACCESS.NOT_A_SERVICE_ACCOUNT'])
    const byWorker = await send('POST', url, { headers: asWorker, body: { name: 'x', for: robot.name } })
    expect([byWorker.statusCode, byWorker.json().code]).toEqual([403, 'ACCESS.FORBIDDEN'])
    const outsider = await account(await world.makeProject(), 'contributor', 'service')
    const foreign = await send('POST', url, { headers: asBoss, body: { name: 'x', for: outsider.name } })
    expect([foreign.statusCode, foreign.json().code]).toEqual([403, 'ACCESS.NOT_A_SERVICE_ACCOUNT'])
    const stolen = await world.app.inject({
      method: 'DELETE',
      url: `${url}/${forRobot.json().token.id}`,
      headers: { host: 'localhost', ...asWorker },
    })
    expect(stolen.statusCode).toBe(404)
  })

  test('a role that is taken away ends at once, and the secrets are stored as hashes only', async () => {
    const project = await world.makeProject()
    const worker = await account(project, 'contributor')
    const secret = await tokenOf(worker.id)
    const url = `/api/v1/projects/${project}/datasets`
    expect((await send('GET', url, { headers: bearer(secret) })).statusCode).toBe(200)
    const gone = await (await world.as('instance-admin')).call(
      'DELETE',
      `/api/v1/projects/${project}/people/${worker.name}/roles/contributor`,
    )
    expect(gone.status).toBe(200)
    expect((await send('GET', url, { headers: bearer(secret) })).statusCode).toBe(404)
    const rows = await world.kernel.db.read
      .selectFrom('token')
      .selectAll()
      .where('principal_id', '=', worker.id)
      .execute()
    expect(JSON.stringify(rows)).not.toContain(secret)
    await world.kernel.sequencer.flush()
    const events = await world.kernel.db.read.selectFrom('event').selectAll().execute()
    expect(JSON.stringify(events)).not.toContain(secret)
  })

  test('figures of the server name only the projects of the reader', async () => {
    const mine = await world.makeProject()
    const theirs = await world.makeProject()
    for (const project of [mine, theirs])
      await world.kernel.db.write
        .transaction()
        .execute((trx) =>
          world.kernel.jobs.enqueue(trx, { project, kind: 'unhandled', input: {}, notBefore: world.time.now + 1000 }),
        )
    const found = await (await world.as('maintainer', mine)).call('GET', '/metrics')
    expect(found.text).toContain(`project="${mine}"`)
    expect(found.text).not.toContain(theirs)
  })

  test('a project or account name is taken once, also when many want it', async () => {
    const admin = await world.as('instance-admin')
    const name = `wanted-${world.kernel.db.dialect}`
    const all = await Promise.all(Array.from({ length: 5 }, () => admin.call('POST', '/api/v1/projects', { name })))
    expect(all.map((a) => a.status).toSorted()).toEqual([201, 409, 409, 409, 409])
    const people = await Promise.all(
      Array.from({ length: 5 }, () =>
        world.capabilities.access.createPrincipal(admin.principal, { name, kind: 'person' }).then(
          () => 'made',
          (error: { code: string }) => error.code,
        ),
      ),
    )
    expect(people.toSorted()).toEqual([...Array(4).fill('ACCESS.NAME_TAKEN'), 'made'])
  })

  test('the first start keeps the token that it makes, and a crash before the account was made changes nothing', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'trivium-bootstrap-'))
    const fresh = await createWorld({})
    try {
      const { access } = fresh.capabilities
      await fresh.kernel.db.write.transaction().execute(async (trx) => {
        await trx.deleteFrom('token').execute()
        await trx.deleteFrom('principal').execute()
        await trx.deleteFrom('project').execute()
      })
      await access.bootstrap({ adminToken: '', dataDirectory: directory })
      const path = join(directory, 'admin-token')
      const token = readFileSync(path, 'utf8').trim()
      expect(statSync(path).mode & 0o777).toBe(0o600)
      // 256 bits by chance: nobody knows it who cannot read the file.
      expect(token).toMatch(/^trv_[\w-]{43}$/)
      const asAdmin = await access.authenticate({ authorization: `Bearer ${token}` })
      expect(asAdmin?.principal.grants.get('*')?.has('instance:admin')).toBe(true)
      // Killed between keeping the token and making the account: the kept one becomes valid.
      await fresh.kernel.db.write.transaction().execute(async (trx) => {
        await trx.deleteFrom('token').execute()
        await trx.deleteFrom('principal').execute()
        await trx.deleteFrom('project').execute()
      })
      writeFileSync(`${path}.new`, 'half')
      await access.bootstrap({ adminToken: '', dataDirectory: directory })
      expect(readFileSync(path, 'utf8').trim()).toBe(token)
      expect(await access.authenticate({ authorization: `Bearer ${token}` })).toBeDefined()
      // A later start, with another token or without the file, adds nobody.
      await rm(path)
      await access.bootstrap({ adminToken: '', dataDirectory: directory })
      expect(existsSync(path)).toBe(false)
      await access.bootstrap({ adminToken: 'late-token', dataDirectory: directory })
      await expect(access.authenticate({ authorization: 'Bearer late-token' })).rejects.toThrow('Sign in')
    } finally {
      await fresh.close()
      await rm(directory, { recursive: true, force: true })
    }
  })
})

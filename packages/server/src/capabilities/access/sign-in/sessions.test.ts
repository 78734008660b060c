import type { Session } from '@trivium/contract'
import { createWorld, describeEachDatabase, type World } from '@trivium/testing'
import { expect, test } from 'vitest'

const hour = 3_600_000
const own = { origin: 'http://localhost' }
let people = 0

/** A new person with a role in the project, and a browser that is signed in as him. */
async function signedIn(world: World, headers: Record<string, string> = {}) {
  const admin = await world.as('instance-admin')
  people += 1
  const name = `sessions-${people}-${world.kernel.db.dialect}`
  await admin.call('POST', `/api/v1/projects/${world.project}/people`, { name, role: 'viewer' })
  return { name, ...(await signIn(world, name, headers)) }
}

async function signIn(world: World, name: string, headers: Record<string, string> = {}) {
  const link = await (await world.as('instance-admin')).call('POST', '/api/v1/login-links', { name })
  const answer = await world.app.inject({
    method: 'POST',
    url: '/api/v1/login',
    headers: { host: 'localhost', 'user-agent': 'Firefox of a test', ...headers },
    payload: { token: String(link.json.path).split('token=')[1] },
  })
  expect(answer.statusCode).toBe(200)
  const set = String(answer.headers['set-cookie'])
  return { set, cookie: set.split(';')[0] as string, principal: answer.json().principal as string }
}

const ask = async (world: World, method: 'GET' | 'DELETE' | 'POST', url: string, headers: Record<string, string>) => {
  const answer = await world.app.inject({ method, url, headers: { host: 'localhost', ...headers } })
  return { status: answer.statusCode, json: answer.json(), sessions: (answer.json().sessions ?? []) as Session[] }
}
const works = async (world: World, cookie: string) => {
  const { status, json } = await ask(world, 'GET', '/api/v1/session', { cookie })
  return status === 200 ? 'works' : json.code
}

describeEachDatabase('browser sessions', ({ world }) => {
  test('a session shows where it began, its own browser and when it ends; others see none of it', async () => {
    const mine = await signedIn(world)
    const other = await signedIn(world)
    const { sessions } = await ask(world, 'GET', '/api/v1/sessions', { cookie: mine.cookie })
    expect(sessions).toEqual([
      {
        id: expect.stringMatching(/^tok_/),
        principal: mine.principal,
        principalName: mine.name,
        method: 'link',
        address: '127.0.0.1',
        browser: 'Firefox of a test',
        createdAt: world.time.now,
        lastUsedAt: sessions[0]?.lastUsedAt ?? null,
        idleEndsAt: world.time.now + 168 * hour,
        expiresAt: world.time.now + 336 * hour,
        current: true,
      },
    ])
    const all = await ask(world, 'GET', '/api/v1/sessions?all=true', { cookie: other.cookie })
    expect([all.status, all.json.code]).toEqual([403, 'ACCESS.FORBIDDEN'])
    const admin = await (await world.as('instance-admin')).call('GET', '/api/v1/sessions?all=true')
    const names = (admin.json.sessions as Session[]).map((one) => one.principalName)
    expect(names).toEqual(expect.arrayContaining([mine.name, other.name]))
    const foreign = await ask(world, 'DELETE', `/api/v1/sessions/${sessions[0]?.id}`, { cookie: other.cookie, ...own })
    expect([foreign.status, foreign.json.code]).toEqual([404, 'SIGN_IN.SESSION_NOT_FOUND'])
    expect(await works(world, mine.cookie)).toBe('works')
  })

  test('a session that is ended is refused at once, singly, all but the own, and by the administrator all', async () => {
    const first = await signedIn(world)
    const [second, third] = [await signIn(world, first.name), await signIn(world, first.name)]
    const seen = (await ask(world, 'GET', '/api/v1/sessions', { cookie: third.cookie })).sessions
    expect(seen.map((one) => one.current)).toEqual([true, false, false])
    const oldest = seen.find((one) => one.createdAt === Math.min(...seen.map((s) => s.createdAt)) && !one.current)
    const ended = await ask(world, 'DELETE', `/api/v1/sessions/${oldest?.id}`, { cookie: third.cookie, ...own })
    expect(ended.status).toBe(200)
    const left = [await works(world, first.cookie), await works(world, second.cookie)]
    expect(left.toSorted()).toEqual(['ACCESS.UNAUTHENTICATED', 'works'])
    const others = await ask(world, 'DELETE', '/api/v1/sessions', { cookie: third.cookie, ...own })
    expect(others.json).toEqual({ ended: 1 })
    expect([await works(world, second.cookie), await works(world, first.cookie)]).toEqual([
      'ACCESS.UNAUTHENTICATED',
      'ACCESS.UNAUTHENTICATED',
    ])
    expect(await works(world, third.cookie)).toBe('works')
    const admin = await world.as('instance-admin')
    expect((await admin.call('DELETE', `/api/v1/sessions?of=${first.name}`)).json).toEqual({ ended: 1 })
    expect(await works(world, third.cookie)).toBe('ACCESS.UNAUTHENTICATED')
    const stranger = await signedIn(world)
    const refused = await ask(world, 'DELETE', `/api/v1/sessions?of=${first.name}`, { cookie: stranger.cookie, ...own })
    expect([refused.status, refused.json.code]).toEqual([403, 'ACCESS.FORBIDDEN'])
  })

  test('a sign-in gives a new session and ends the one that the browser had', async () => {
    const planted = await signedIn(world)
    const victim = await signedIn(world, { cookie: planted.cookie })
    expect(victim.cookie).not.toBe(planted.cookie)
    expect(await works(world, planted.cookie)).toBe('ACCESS.UNAUTHENTICATED')
    expect(await works(world, victim.cookie)).toBe('works')
  })

  test('a disabled account is refused with everything that it has, and comes back with its tokens but no session', async () => {
    const { name, cookie, principal } = await signedIn(world)
    const admin = await world.as('instance-admin')
    const { secret } = await world.capabilities.access.createToken(admin.principal, {
      principalId: principal,
      name: 'kept',
    })
    const byToken = async () =>
      (await ask(world, 'GET', '/api/v1/session', { authorization: `Bearer ${secret}` })).status
    const snapshot = async () =>
      (await world.capabilities.access.tokenSnapshot()).filter((one) => one.principal === principal).length
    const url = `/api/v1/accounts/${name}/disabled`
    expect([await byToken(), await snapshot()]).toEqual([200, 1])
    expect((await admin.call('PUT', url, { disabled: true })).json).toEqual({ name, disabledAt: world.time.now })
    expect([await byToken(), await works(world, cookie), await snapshot()]).toEqual([401, 'ACCESS.UNAUTHENTICATED', 0])
    expect((await admin.call('PUT', url, { disabled: false })).json).toEqual({ name, disabledAt: null })
    expect([await byToken(), await works(world, cookie)]).toEqual([200, 'ACCESS.UNAUTHENTICATED'])
    const self = await admin.call('PUT', '/api/v1/accounts/admin/disabled', { disabled: true })
    expect([self.status, self.json.code]).toEqual([409, 'SIGN_IN.NOT_ONESELF'])
    const other = await (await world.as('admin')).call('PUT', url, { disabled: true })
    expect([other.status, other.json.code]).toEqual([403, 'ACCESS.FORBIDDEN'])
  })

  test('a token of one project manages no sessions', async () => {
    const { status, json } = await (await world.as('admin')).call('GET', '/api/v1/sessions')
    expect([status, json.code]).toEqual([403, 'SIGN_IN.NARROWED'])
    const { cookie } = await signedIn(world)
    const { sessions } = await ask(world, 'GET', '/api/v1/sessions', { cookie })
    const ended = await (await world.as('admin')).call('DELETE', `/api/v1/sessions/${sessions[0]?.id}`)
    expect(ended.json.code).toBe('SIGN_IN.NARROWED')
  })

  test('a session ends for want of use, and used again and again at the latest after its time', async () => {
    const idle = await signedIn(world)
    const busy = await signedIn(world)
    const began = world.time.now
    const use = async (hours: number) => {
      world.time.now = began + hours * hour
      expect(await works(world, busy.cookie)).toBe('works')
      const seen = () => ask(world, 'GET', '/api/v1/sessions', { cookie: busy.cookie })
      await expect.poll(async () => (await seen()).sessions[0]?.lastUsedAt).toBe(world.time.now)
    }
    for (const hours of [100, 168, 260, 335]) await use(hours)
    expect(await works(world, idle.cookie)).toBe('SIGN_IN.SESSION_IDLE')
    world.time.now = began + 336 * hour
    expect(await works(world, busy.cookie)).toBe('ACCESS.TOKEN_EXPIRED')
    const { json } = await (await world.as('instance-admin')).call('GET', '/api/v1/sessions?all=true')
    expect((json.sessions as Session[]).map((one) => one.principalName)).not.toContain(busy.name)
  })
})

test('where people come over TLS the cookie is bound to this host and never sent in the clear', async () => {
  const world = await createWorld({ configuration: { publicUrl: 'https://localhost', sessionHours: 2 } })
  try {
    const { set, cookie } = await signedIn(world)
    expect(set).toMatch(/^__Host-trivium_session=trs_[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure; Max-Age=7200$/)
    expect(await works(world, cookie)).toBe('works')
    // A neighbouring host can plant cookies for the whole domain, but none with this prefix.
    expect(await works(world, cookie.replace('__Host-', ''))).toBe('ACCESS.UNAUTHENTICATED')
    const out = await world.app.inject({
      method: 'POST',
      url: '/api/v1/logout',
      headers: { host: 'localhost', origin: 'https://localhost', cookie },
    })
    expect(String(out.headers['set-cookie'])).toBe(
      '__Host-trivium_session=; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=0',
    )
  } finally {
    await world.close()
  }
})

import { describeEachDatabase, type World } from '@trivium/testing'
import { afterAll, expect, test } from 'vitest'
import { type Account, startProvider } from './testing/start-provider.ts'

const publicUrl = 'http://localhost'
const provider = await startProvider({
  id: 'trivium',
  secret: 'secret-of-a-test-client',
  redirectUri: `${publicUrl}/api/v1/sign-in/provider/callback`,
  afterLogout: `${publicUrl}/login`,
})
afterAll(() => provider.stop())

/** A browser: cookies of ours and of the provider, apart. */
class Browser {
  readonly ours = new Map<string, string>()
  readonly theirs = new Map<string, string>()
  readonly world: World
  constructor(world: World) {
    this.world = world
  }

  async ask(method: 'GET' | 'POST', url: string, body?: unknown) {
    const answer = await this.world.app.inject({
      method,
      url,
      headers: {
        host: 'localhost',
        cookie: [...this.ours].map(([name, value]) => `${name}=${value}`).join('; '),
        ...(method === 'POST' ? { origin: publicUrl } : {}),
      },
      ...(body === undefined ? {} : { payload: body as object }),
    })
    for (const one of [answer.headers['set-cookie'] ?? []].flat()) {
      const [name = '', value = ''] = (one.split(';')[0] ?? '').split(/=(.*)/s)
      if (one.includes('Max-Age=0')) this.ours.delete(name)
      else this.ours.set(name, value)
    }
    return answer
  }

  /** To the provider and back; where our server then leads. */
  async signIn(who: Account, options: Record<string, unknown> = {}, change = (url: string) => url) {
    provider.who = who
    const begun = await this.ask('POST', '/api/v1/sign-in/provider', options)
    if (begun.statusCode !== 200) throw new Error(begun.body)
    const back = await provider.visit(begun.json().location, this.theirs)
    return this.comeBack(change(back))
  }

  async comeBack(url: string) {
    const answer = await this.ask('GET', url.slice(publicUrl.length))
    if (answer.statusCode !== 302 || answer.headers['cache-control'] !== 'no-store') throw new Error(answer.body)
    return String(answer.headers.location)
  }

  async session() {
    const answer = await this.ask('GET', '/api/v1/session')
    return answer.statusCode === 200 ? answer.json() : undefined
  }
}

const accountOf = (dialect: string, name: string, more: Partial<Account> = {}): Account => ({
  sub: `${name}-${dialect}-${Math.random()}`,
  preferred_username: `${name}-${dialect}`,
  groups: ['everybody'],
  ...more,
})

describeEachDatabase(
  'signing in by an identity provider',
  ({ world, dialect }) => {
    const someone = (name: string, more?: Partial<Account>) => accountOf(dialect, name, more)

    test('who comes back is signed in with the roles of his groups, and led to where he was going', async () => {
      const browser = new Browser(world)
      expect((await browser.ask('GET', '/api/v1/sign-in')).json()).toEqual({
        passwords: false,
        provider: { name: new URL(provider.issuer).host },
      })
      expect(await browser.signIn(someone('jane'), { next: '/p/default/models?x=1' })).toBe('/p/default/models?x=1')
      expect(await browser.session()).toMatchObject({
        name: `jane-${dialect}`,
        kind: 'person',
        instanceAdmin: false,
        projects: [{ name: 'default', permissions: expect.arrayContaining(['model:read']) }],
      })
      expect(browser.ours.has('trivium_sign_in')).toBe(false)
      const { sessions } = (await browser.ask('GET', '/api/v1/sessions')).json()
      expect(sessions).toMatchObject([{ method: 'provider', current: true }])
    })

    test('only paths of our own are led to afterwards', async () => {
      const who = someone('wanderer')
      for (const next of ['//evil.example', '/\\evil.example', 'https://evil.example', '/api/v1/x', '/a b'])
        expect(await new Browser(world).signIn(who, { next }), next).toBe('/')
    })

    test('a person is his issuer and subject: a new name changes nothing, the name or mail of another opens nothing', async () => {
      const first = someone('known', { email: 'known@example.org', email_verified: true })
      const [browser, later, thief] = [new Browser(world), new Browser(world), new Browser(world)]
      await browser.signIn(first)
      await later.signIn({ ...first, preferred_username: 'renamed', email: 'new@example.org' })
      const [a, b] = [await browser.session(), await later.session()]
      expect(b).toMatchObject({ id: a.id, name: `known-${dialect}` })
      await thief.signIn({ ...first, sub: `thief-${dialect}` })
      expect(await thief.session()).toMatchObject({ name: `known-${dialect}-2` })
      // Nor does an account that was made here belong to whoever has its name there.
      await new Browser(world).signIn({ ...first, sub: `admin-${dialect}`, preferred_username: 'admin' })
      const admin = await world.kernel.db.read.selectFrom('identity').selectAll().execute()
      const own = await world.as('instance-admin')
      expect(admin.map((one) => one.principal_id)).not.toContain(own.principal.id)
    })

    test('groups bring roles at each sign-in and take them again, and never touch a role that was given here', async () => {
      const project = await world.makeProject()
      const who = someone('member', { groups: ['everybody', 'ops'] })
      const browser = new Browser(world)
      await browser.signIn(who)
      expect(await browser.session()).toMatchObject({ instanceAdmin: true })
      const admin = await world.as('instance-admin')
      const name = `member-${dialect}`
      for (const place of ['default', project])
        await admin.call('POST', `/api/v1/projects/${place}/people`, { name, role: 'approver' })
      await new Browser(world).signIn({ ...who, groups: [] })
      const { instanceAdmin, projects } = await browser.session()
      expect(instanceAdmin).toBe(false)
      expect(projects.map((one: { name: string }) => one.name).toSorted()).toEqual(['default', project].toSorted())
      expect(projects[0].permissions).toContain('inbox:decide')
      expect(projects[0].permissions).not.toContain('dataset:write')
      await new Browser(world).signIn({ ...who, groups: ['data-team'] })
      const changed = (await browser.session()).projects.find((one: { name: string }) => one.name === 'default')
      expect(changed.permissions).toEqual(expect.arrayContaining(['dataset:write', 'inbox:decide']))
    })

    test('groups that were made here have the members of the same group at the provider, as long as it says so', async () => {
      const admin = await world.as('instance-admin')
      const project = await world.makeProject()
      expect((await admin.call('PUT', '/api/v1/groups/scientists', {})).status).toBe(200)
      await admin.call('PUT', `/api/v1/projects/${project}/groups/scientists/roles/contributor`)
      const who = someone('scientist', { groups: ['scientists', 'others'] })
      const browser = new Browser(world)
      expect(await browser.signIn(who)).toBe('/')
      expect((await browser.session()).projects).toMatchObject([
        { name: project, permissions: expect.arrayContaining(['dataset:write']) },
      ])
      await new Browser(world).signIn({ ...who, groups: ['others'] })
      expect((await browser.session()).projects).toEqual([])
      await admin.call('DELETE', '/api/v1/groups/scientists')
    })

    test('whom the provider knows and nobody has given access does not come in', async () => {
      const browser = new Browser(world)
      const led = await browser.signIn(someone('stranger', { groups: ['others'] }))
      expect(led).toBe('/login?problem=SIGN_IN.NOT_INVITED')
      expect(await browser.session()).toBeUndefined()
      const row = await world.kernel.db.read
        .selectFrom('principal')
        .select('id')
        .where('name', '=', `stranger-${dialect}`)
        .executeTakeFirst()
      expect(row).toBeUndefined()
      await world.capabilities.accessLog.flush()
      const log = await (await world.as('instance-admin')).call('GET', '/api/v1/access-log')
      expect(log.json.entries).toContainEqual(expect.objectContaining({ kind: 'denied', what: 'SIGN_IN.NOT_INVITED' }))
    })

    test('an answer with another state, of another issuer, or for another browser is refused', async () => {
      const who = someone('victim')
      const browser = new Browser(world)
      const refused = '/login?problem=SIGN_IN.PROVIDER_REFUSED'
      expect(await browser.signIn(who, {}, (url) => url.replace(/state=[^&]+/, 'state=guessed'))).toBe(refused)
      expect(await browser.signIn(who, {}, (url) => url.replace(/&?state=[^&]+/, ''))).toBe(refused)
      const other = encodeURIComponent('https://other.example')
      expect(await browser.signIn(who, {}, (url) => url.replace(/iss=[^&]+/, `iss=${other}`))).toBe(refused)
      provider.who = who
      const begun = await browser.ask('POST', '/api/v1/sign-in/provider', {})
      const back = await provider.visit(begun.json().location, browser.theirs)
      const expired = '/login?problem=SIGN_IN.SIGN_IN_EXPIRED'
      // The answer of the attacker in the browser of somebody else, who has begun nothing, or something else.
      expect(await new Browser(world).comeBack(back)).toBe(expired)
      const third = new Browser(world)
      await third.ask('POST', '/api/v1/sign-in/provider', {})
      expect(await third.comeBack(back)).toBe(refused)
      expect(await browser.session()).toBeUndefined()
    })

    test('a code is good once, and a sign-in for ten minutes', async () => {
      const browser = new Browser(world)
      provider.who = someone('twice')
      const begin = async () => {
        const begun = await browser.ask('POST', '/api/v1/sign-in/provider', {})
        return provider.visit(begun.json().location, browser.theirs)
      }
      const back = await begin()
      const flow = browser.ours.get('trivium_sign_in') ?? ''
      expect(await browser.comeBack(back)).toBe('/')
      browser.ours.clear()
      browser.ours.set('trivium_sign_in', flow)
      expect(await browser.comeBack(back)).toBe('/login?problem=SIGN_IN.PROVIDER_REFUSED')
      const late = await begin()
      world.time.now += 10 * 60_000
      expect(await browser.comeBack(late)).toBe('/login?problem=SIGN_IN.SIGN_IN_EXPIRED')
      browser.ours.set('trivium_sign_in', `${flow.slice(0, -4)}AAAA`)
      expect(await browser.comeBack(late)).toBe('/login?problem=SIGN_IN.SIGN_IN_EXPIRED')
    })

    test('the provider may rotate its keys at any time', async () => {
      const who = someone('rotated')
      expect(await new Browser(world).signIn(who)).toBe('/')
      provider.rotateKeys()
      expect(await new Browser(world).signIn(who)).toBe('/')
    })

    test('a disabled account does not come in', async () => {
      const who = someone('gone')
      await new Browser(world).signIn(who)
      await world.kernel.db.write
        .transaction()
        .execute((trx) =>
          trx.updateTable('principal').set({ disabled_at: 1 }).where('name', '=', `gone-${dialect}`).execute(),
        )
      expect(await new Browser(world).signIn(who)).toBe('/login?problem=SIGN_IN.ACCOUNT_DISABLED')
    })

    test('an invitation brings in whom no group does, with the mail address that it is for', async () => {
      const project = await world.makeProject()
      const admin = await world.as('instance-admin')
      const invite = async (mail?: string) => {
        const made = await admin.call('POST', `/api/v1/projects/${project}/invitations`, { role: 'viewer', mail })
        return String(made.json.path).split('invitation=')[1]
      }
      const who = someone('guest', { groups: [], email: 'Guest@example.org', email_verified: true })
      const invitation = await invite('guest@example.org')
      const wrong = '/login?problem=SIGN_IN.INVITED_OTHER_MAIL'
      const unverified = { ...who, email_verified: false }
      expect(await new Browser(world).signIn(unverified, { invitation })).toBe(wrong)
      expect(await new Browser(world).signIn({ ...who, email: 'x@example.org' }, { invitation })).toBe(wrong)
      for (const [path, more] of [
        ['accept', { name: `other-${dialect}` }],
        ['join', {}],
      ] as const) {
        const link = await admin.call('POST', '/api/v1/login-links', {})
        const other = new Browser(world)
        await other.ask('POST', '/api/v1/login', { token: String(link.json.path).split('token=')[1] })
        const refused = await other.ask('POST', `/api/v1/invitations/${path}`, { token: invitation, ...more })
        expect([path, refused.statusCode, refused.json().code]).toEqual([path, 403, 'SIGN_IN.INVITED_BY_MAIL'])
      }
      const browser = new Browser(world)
      expect(await browser.signIn(who, { invitation })).toBe('/')
      expect((await browser.session()).projects).toMatchObject([{ name: project }])
      const again = await new Browser(world).ask('POST', '/api/v1/sign-in/provider', { invitation })
      expect(again.json().code).toBe('SIGN_IN.INVITATION_SPENT')
    })

    test('an account that was made here adds the identity from its own session, and nobody adds it to another', async () => {
      const admin = await world.as('instance-admin')
      const name = `local-${dialect}`
      await admin.call('POST', '/api/v1/projects/default/people', { name, role: 'viewer' })
      const link = await admin.call('POST', '/api/v1/login-links', { name })
      const browser = new Browser(world)
      await browser.ask('POST', '/api/v1/login', { token: String(link.json.path).split('token=')[1] })
      const who = someone('linked', { groups: [] })
      expect(await browser.signIn(who, { connect: true })).toBe('/')
      const fresh = new Browser(world)
      expect(await fresh.signIn(who)).toBe('/')
      expect(await fresh.session()).toMatchObject({ name })
      const taken = new Browser(world)
      await taken.signIn(someone('other'))
      taken.theirs.clear()
      expect(await taken.signIn(who, { connect: true })).toBe('/login?problem=SIGN_IN.IDENTITY_TAKEN')
      world.time.now += 15 * 60_000 + 1
      const stale = await fresh.ask('POST', '/api/v1/sign-in/provider', { connect: true })
      expect([stale.statusCode, stale.json().code]).toEqual([403, 'SIGN_IN.NOT_FRESH'])
      const nobody = await new Browser(world).ask('POST', '/api/v1/sign-in/provider', { connect: true })
      expect(nobody.json().code).toBe('SIGN_IN.SESSION_NEEDED')
    })

    test('who signs out is sent to sign out at the provider, which ends his other sessions here', async () => {
      const who = someone('leaver')
      const [browser, sameBrowser] = [new Browser(world), new Browser(world)]
      await browser.signIn(who)
      for (const [name, value] of browser.theirs) sameBrowser.theirs.set(name, value)
      await sameBrowser.signIn(who)
      const elsewhere = new Browser(world)
      await elsewhere.signIn(who)
      const out = await browser.ask('POST', '/api/v1/logout')
      expect(await browser.session()).toBeUndefined()
      expect(out.json().location).toContain(`${provider.issuer}/session/end?`)
      provider.logoutTokens.length = 0
      expect(await provider.visit(out.json().location, browser.theirs)).toBe(`${publicUrl}/login`)
      await expect.poll(() => provider.logoutTokens.length, { timeout: 10_000 }).toBe(1)
      const [token = ''] = provider.logoutTokens
      const tell = (logoutToken: string) =>
        world.app.inject({
          method: 'POST',
          url: '/api/v1/sign-in/provider/back-channel-logout',
          headers: { host: 'localhost', 'content-type': 'application/x-www-form-urlencoded' },
          payload: new URLSearchParams({ logout_token: logoutToken }).toString(),
        })
      const [head = '', body = '', signature = ''] = token.split('.')
      const other = Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(body, 'base64url').toString()), sub: 'x' }))
      const forged = await tell([head, other.toString('base64url'), signature].join('.'))
      expect([forged.statusCode, forged.json().code]).toEqual([400, 'SIGN_IN.BAD_LOGOUT_TOKEN'])
      expect(await sameBrowser.session()).toBeDefined()
      expect((await tell(token)).statusCode).toBe(200)
      expect(await sameBrowser.session()).toBeUndefined()
      expect(await elsewhere.session()).toBeDefined()
    })

    test('nothing of codes, tokens and secrets is kept in the clear', async () => {
      const browser = new Browser(world)
      provider.who = someone('secretive')
      const begun = await browser.ask('POST', '/api/v1/sign-in/provider', {})
      const back = await provider.visit(begun.json().location, browser.theirs)
      await browser.comeBack(back)
      const code = new URL(back).searchParams.get('code') as string
      await world.kernel.sequencer.flush()
      const rows = JSON.stringify([
        await world.kernel.db.read.selectFrom('session').selectAll().execute(),
        await world.kernel.db.read.selectFrom('event').selectAll().execute(),
      ])
      for (const secret of [code, browser.ours.get('trivium_session') as string]) expect(rows).not.toContain(secret)
      // No JWT either.
      expect(rows).not.toMatch(/eyJ[\w-]+\.[\w-]+\./)
    })
  },
  {
    publicUrl,
    oidcIssuer: provider.issuer,
    oidcClientId: 'trivium',
    oidcClientSecret: 'secret-of-a-test-client',
    oidcRoleMap:
      'everybody=viewer@default, data-team=contributor@default, data-team=viewer@not-there, ops=instance-admin',
    egressAllow: new URL(provider.issuer).host,
  },
)

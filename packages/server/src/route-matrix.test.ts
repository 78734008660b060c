import { createHash } from 'node:crypto'
import * as contract from '@trivium/contract'
import { type Permission, type Role, roleNames, roles } from '@trivium/contract'
import { describeEachDatabase } from '@trivium/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { composeHttp } from './compose.ts'
import { createHttp, type Http, type ServedRoute } from './kernel/http/index.ts'
import { lazyValidator } from './kernel/http/lazy-schemas.ts'
import { createLogger } from './kernel/logging/index.ts'
import type { Scope } from './kernel/principal/index.ts'

/** All that answers without a token. Whoever adds a route here says in public that it needs none. */
const publicRoutes = new Set([
  '/',
  '/login',
  '/p/*',
  '/dev/*',
  '/projects',
  '/settings/*',
  '/assets/*',
  '/favicon.svg',
  '/theme.js',
  '/favicon.ico',
  '/robots.txt',
  '/healthz',
  '/readyz',
  '/health',
  '/version',
  '/api/v1/version',
  '/api/v1/openapi.json',
  '/api/v1/login',
  '/api/v1/sign-in',
  '/api/v1/sign-in/provider',
  '/api/v1/sign-in/provider/callback',
  '/api/v1/sign-in/provider/back-channel-logout',
  '/api/v1/sign-in/password',
  '/api/v1/invitations/open',
  '/api/v1/invitations/accept',
])

/**
 * Passed on to the gateway, which checks the token itself so that main need not do it twice; without a gateway main asks who calls. None of them answers
 * without a token: the test below asks main, `capabilities/serving/server.test.ts` asks the gateway through main.
 */
const gatewayRoutes = [
  '/deployments/:deployment/invocations',
  '/deployments/:deployment/predict',
  '/invocations',
  '/v2',
  '/v2/*',
]

/** What a caller of the matrix is known to hold, said again here so that a mistake in the program cannot hide in its own tables. */
interface Caller {
  name: string
  headers: Record<string, string>
  /** undefined: no valid credentials. */
  home?: string
  grants?: Record<string, readonly Permission[]>
  everywhere?: readonly Permission[]
  session?: boolean
}

const everything = roles.admin.length + 1

describeEachDatabase('the route matrix', ({ world, dialect }) => {
  let app: Http
  let mine: string
  let theirs: string
  const passed = 299

  beforeAll(async () => {
    app = composeHttp(world.kernel, world.capabilities, {
      allowedHosts: () => new Set(['localhost', 'trivium.example']),
    })
    // A request that came so far has passed every check of who may call; what the handler would do is for other tests.
    app.addHook('preValidation', async (request, reply) => (request.is404 ? undefined : reply.status(passed).send()))
    await app.ready()
    mine = await world.makeProject()
    theirs = await world.makeProject()
  })

  const urlOf = (route: ServedRoute, project: string): string =>
    route.url.replace(':project', project).replaceAll(/:\w+/g, 'x').replaceAll('*', 'x')
  const inject = async (route: ServedRoute, project: string, headers: Record<string, string>) => {
    const answer = await app.inject({
      method: route.method as 'GET',
      url: urlOf(route, project),
      headers: { host: 'localhost', ...headers },
    })
    return { status: answer.statusCode, code: codeOf(answer.body) }
  }
  const expected = (route: ServedRoute, project: string, caller: Caller): number => {
    if (route.access === 'public') return passed
    if (caller.home === undefined) return 401
    const reads = route.method === 'GET' || route.method === 'HEAD'
    if (caller.session && !reads && caller.headers['origin'] !== 'http://localhost') return 403
    if (route.access === 'authenticated') return passed
    const target = route.url.includes(':project') ? project : route.access === 'instance:admin' ? '*' : caller.home
    const needed = [route.access, ...route.alsoNeeds]
    if (caller.everywhere && needed.every((one) => caller.everywhere?.includes(one))) return passed
    if (target === '*') return 403
    if (caller.everywhere) return 403
    const held = caller.grants?.[target]
    if (!held) return 404
    return needed.every((one) => held.includes(one)) ? passed : 403
  }
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
  /** Every route on SQLite. The database matters for who calls, not for which route: on Postgres one route of each kind. */
  const asked = (): readonly ServedRoute[] => {
    if (dialect === 'sqlite') return app.routeTable
    const kinds = app.routeTable.map(
      (r) => [`${r.method} ${[r.access, ...r.alsoNeeds].join()} ${r.url.includes(':project')}`, r] as const,
    )
    return [...new Map(kinds).values()]
  }
  const check = async (caller: Caller) => {
    const wrong: string[] = []
    for (const route of asked()) {
      const found = await inject(route, mine, caller.headers)
      const wanted = expected(route, mine, caller)
      if (found.status !== wanted)
        wrong.push(`${route.method} ${route.url} (${route.access}): ${found.status} ${found.code}, not ${wanted}`)
    }
    expect(wrong, caller.name).toEqual([])
  }
  const admin = () => world.as('instance-admin')
  const person = async (input: { roles: [string, Role | 'narrow'][]; kind?: 'person' | 'service' }) => {
    const { principal } = await admin()
    const name = `m-${createHash('sha256').update(`${Math.random()}`).digest('hex').slice(0, 12)}`
    const { id } = await world.capabilities.access.createPrincipal(principal, { name, kind: input.kind ?? 'person' })
    for (const [project, role] of input.roles)
      await world.capabilities.access.grantRole({ project, principal } as Scope, { principalId: id, role })
    return { id, name }
  }
  const tokenFor = async (
    principalId: string,
    options: { project?: string; permissions?: readonly Permission[]; expiresAt?: number; kind?: 'session' } = {},
  ) => world.capabilities.access.createToken((await admin()).principal, { principalId, name: 'matrix', ...options })

  test('every route says who may call it, and only the known ones need nobody', () => {
    expect(app.routeTable.length).toBeGreaterThan(60)
    const open = app.routeTable.filter((route) => route.access === 'public').map((route) => route.url)
    const others = new Set(open.filter((url) => !publicRoutes.has(url)))
    expect([...others].toSorted()).toEqual(gatewayRoutes)
  })

  test('the routes of the gateway answer nobody without credentials while there is no gateway', async () => {
    const forwarded = app.routeTable.filter((route) => gatewayRoutes.includes(route.url) && route.method !== 'HEAD')
    for (const route of forwarded) {
      for (const headers of [{}, { authorization: 'Bearer wrong' }]) {
        const answer = await world.app.inject({
          method: route.method as 'GET',
          url: urlOf(route, mine),
          headers: { host: 'localhost', ...headers },
        })
        expect([route.method, route.url, answer.statusCode]).toEqual([route.method, route.url, 401])
      }
    }
  })

  test('a route without access stops the start', async () => {
    const { access } = world.capabilities
    const logger = createLogger({ level: 'silent' })
    const bare = createHttp({
      authenticator: access,
      logger,
      metrics: world.kernel.metrics,
      bodyLimit: 1024,
      allowedHosts: () => new Set(),
    })
    expect(() => bare.get('/forgotten', async () => 'open')).toThrow('Route GET /forgotten names no permission')
    void bare.register(async (inner) => inner.get('/inner', async () => 'open'))
    await expect(bare.ready()).rejects.toThrow('Route GET /inner names no permission')
  })

  test('nobody gets in without credentials', () => check({ name: 'anonymous', headers: {} }))

  test('an unknown, a revoked and an expired token and one of a disabled account are refused everywhere', async () => {
    const { id } = await person({ roles: [[mine, 'admin']] })
    await check({ name: 'unknown token', headers: bearer('trv_nobody-has-this-one') })
    const revoked = await tokenFor(id, { project: mine })
    await world.capabilities.access.revokeToken((await admin()).principal, revoked.id)
    await check({ name: 'revoked token', headers: bearer(revoked.secret) })
    const expired = await tokenFor(id, { project: mine, expiresAt: world.time.now + 1000 })
    world.time.now += 1000
    await check({ name: 'expired token', headers: bearer(expired.secret) })
    const found = await app.inject({
      url: '/api/v1/session',
      headers: { host: 'localhost', ...bearer(expired.secret) },
    })
    expect(codeOf(found.body)).toBe('ACCESS.TOKEN_EXPIRED')
    expect(found.json().detail).toContain('expired at 2001-02-01')
    const token = await tokenFor(id, { project: mine })
    await world.kernel.db.write
      .transaction()
      .execute((trx) => trx.updateTable('principal').set({ disabled_at: 1 }).where('id', '=', id).execute())
    await check({ name: 'disabled account', headers: bearer(token.secret) })
  })

  test.each(roleNames)('the role %s opens exactly what it names, in its own project only', async (role) => {
    const { id } = await person({ roles: [[mine, role]] })
    const { secret } = await tokenFor(id, { project: mine })
    await check({ name: role, headers: bearer(secret), home: mine, grants: { [mine]: roles[role] } })
    const outside = await person({ roles: [[theirs, role]] })
    const other = await tokenFor(outside.id, { project: theirs })
    await check({
      name: `${role} elsewhere`,
      headers: bearer(other.secret),
      home: theirs,
      grants: { [theirs]: roles[role] },
    })
  })

  test('a role of one permission opens exactly the routes that need nothing else, and changes at once', async () => {
    const { principal } = await admin()
    const scope = { project: mine, principal } as Scope
    const become = (permission: Permission) =>
      world.capabilities.permissions.roles.define(scope, 'narrow', { permissions: [permission] })
    await become('project:read')
    const { id } = await person({ roles: [[mine, 'narrow']] })
    const { secret } = await tokenFor(id, { project: mine })
    const needed = (route: ServedRoute) => [route.access, ...route.alsoNeeds] as string[]
    const kinds = [...new Map(asked().map((route) => [needed(route).join(), route])).values()]
    const wrong: string[] = []
    for (const [index, permission] of roles.admin.entries()) {
      await become(permission)
      const caller = { name: permission, headers: bearer(secret), home: mine, grants: { [mine]: [permission] } }
      // All that need it, and of the others some of every kind.
      const others = kinds.filter((_, place) => place % 8 === index % 8)
      for (const route of [...asked().filter((one) => needed(one).includes(permission)), ...others]) {
        const found = await inject(route, mine, caller.headers)
        const wanted = expected(route, mine, caller)
        if (found.status !== wanted)
          wrong.push(`${permission}: ${route.method} ${route.url}: ${found.status}, not ${wanted}`)
      }
    }
    expect(wrong).toEqual([])
  }, 60_000)

  test('whoever holds no role finds no project, by his own and by a token of a project', async () => {
    const { id } = await person({ roles: [] })
    const { secret } = await tokenFor(id)
    await check({ name: 'no role', headers: bearer(secret), home: 'default', grants: {} })
    const bound = await tokenFor(id, { project: mine })
    await check({ name: 'no role, token of a project', headers: bearer(bound.secret), home: mine, grants: {} })
  })

  test('a member of two projects acts with the role of each', async () => {
    const { id } = await person({
      roles: [
        [mine, 'viewer'],
        [theirs, 'admin'],
      ],
    })
    const { secret } = await tokenFor(id, { kind: 'session' })
    const grants = { [mine]: roles.viewer, [theirs]: roles.admin }
    const home = [mine, theirs].toSorted()[0] as string
    const session = await app.inject({
      url: '/api/v1/session',
      headers: { host: 'localhost', cookie: `trivium_session=${secret}` },
    })
    expect(session.statusCode).toBe(passed)
    const headers = { cookie: `trivium_session=${secret}`, origin: 'http://localhost' }
    const own = { name: 'two projects', headers, home, grants, session: true }
    const named = app.routeTable.filter((route) => route.url.includes(':project'))
    for (const route of named)
      expect((await inject(route, mine, headers)).status, route.url).toBe(expected(route, mine, own))
  })

  test('the instance administrator may do everything, a token of one project or of few permissions only its own', async () => {
    const all = [...new Set([...roles.admin, 'instance:admin' as const])]
    expect(all).toHaveLength(everything)
    const { id } = (await admin()).principal
    const free = await tokenFor(id)
    await check({ name: 'administrator', headers: bearer(free.secret), home: 'default', everywhere: all })
    const bound = await tokenFor(id, { project: theirs })
    await check({
      name: 'bound to another project',
      headers: bearer(bound.secret),
      home: theirs,
      grants: { [theirs]: all },
    })
    const few: Permission[] = ['dataset:read', 'run:write']
    const narrow = await tokenFor(id, { project: mine, permissions: few })
    await check({ name: 'few permissions', headers: bearer(narrow.secret), home: mine, grants: { [mine]: few } })
    const empty = await tokenFor(id, { permissions: few })
    await check({ name: 'few permissions everywhere', headers: bearer(empty.secret), home: 'default', everywhere: few })
  })

  test('a session acts from our own pages only; reading needs no origin', async () => {
    const { id } = await person({ roles: [[mine, 'maintainer']] })
    const { secret } = await tokenFor(id, { kind: 'session' })
    const cookie = `theme=dark; trivium_session=${secret}`
    const caller = { home: mine, grants: { [mine]: roles.maintainer }, session: true }
    await check({ ...caller, name: 'own page', headers: { cookie, origin: 'http://localhost' } })
    await check({ ...caller, name: 'no origin', headers: { cookie } })
    await check({ ...caller, name: 'foreign page', headers: { cookie, origin: 'https://evil.example' } })
    await check({ ...caller, name: 'sandboxed page', headers: { cookie, origin: 'null' } })
    await check({ ...caller, name: 'another port', headers: { cookie, origin: 'http://localhost:81' } })
    // A secret works only where it belongs.
    await check({ name: 'session as bearer', headers: bearer(secret) })
    const token = await tokenFor(id, { project: mine })
    await check({ name: 'token as cookie', headers: { cookie: `trivium_session=${token.secret}` } })
    await check({ name: 'broken cookie', headers: { cookie: 'trivium_session=%E0%A4%A' } })
  })

  test('Basic credentials work for programs and are refused from a browser', async () => {
    const { id, name } = await person({ roles: [[mine, 'contributor']] })
    const { secret } = await tokenFor(id, { project: mine })
    const authorization = `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`
    await check({ name: 'Basic', headers: { authorization }, home: mine, grants: { [mine]: roles.contributor } })
    await check({ name: 'Basic of a page', headers: { authorization, origin: 'http://localhost' } })
    await check({ name: 'Basic of a browser', headers: { authorization, 'sec-fetch-site': 'same-origin' } })
    for (const broken of ['Basic', 'Basic ', 'Bearer', 'Bearer ', 'Digest x', 'x', ''])
      await check({ name: `header "${broken}"`, headers: { authorization: broken } })
  })

  test('a request for another host is refused on every route, before anything else', async () => {
    const { token } = await admin()
    for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example:80'])
      for (const route of asked())
        expect((await inject(route, mine, { ...bearer(token), host })).status, `${host} ${route.url}`).toBe(421)
    const first = app.routeTable[0] as ServedRoute
    for (const host of ['localhost:4000', 'LOCALHOST', 'trivium.example'])
      expect((await inject(first, mine, { ...bearer(token), host })).status).toBe(passed)
  })

  test('a project name that is no name opens nothing', async () => {
    const { id } = await person({ roles: [[mine, 'admin']] })
    const { secret } = await tokenFor(id)
    for (const name of ['*', '%2A', '..', '__proto__', 'constructor', `${mine}%00`, mine.toUpperCase()])
      for (const route of asked().filter((r) => r.url.includes(':project'))) {
        const { status } = await inject(route, name, bearer(secret))
        expect([400, 403, 404], `${route.method} ${route.url} ${name}`).toContain(status)
      }
  })

  test('a call of a wire protocol asks for the same under each of its spellings', () => {
    const calls = Map.groupBy(app.routeTable, ({ method, url }) =>
      url.startsWith('/api/v1/') ? `${method} ${url}` : `${method} ${url.replace(/^\/(ajax-)?api\/[23]\.0\//, '/')}`,
    )
    const several = [...calls.values()].filter((spellings) => spellings.length > 1)
    expect(several.length).toBeGreaterThan(50)
    for (const spellings of several)
      expect(
        new Set(spellings.map(({ access, alsoNeeds }) => JSON.stringify([access, alsoNeeds]))).size,
        spellings[0]?.url,
      ).toBe(1)
  })

  test('every route of the contract is served, with the permission that the contract names', () => {
    const served = new Map(app.routeTable.map((route) => [`${route.method} ${route.url}`, route]))
    const routes = (Object.values(contract) as unknown[]).filter(contract.isRoute)
    expect(routes.length).toBeGreaterThan(60)
    const missing = routes.filter((route) => {
      const found = served.get(`${route.method} ${route.url}`)
      const also = JSON.stringify(found?.alsoNeeds) === JSON.stringify(route.alsoNeeds ?? [])
      // The gateway asks for the permission of what is passed on to it.
      return (
        !also ||
        (found?.access !== route.permission && !(found?.access === 'public' && gatewayRoutes.includes(route.url)))
      )
    })
    expect(missing.map((route) => `${route.method} ${route.url}`)).toEqual([])
  })

  test('every schema of a request can be compiled', () => {
    const broken: string[] = []
    for (const { method, url, schema } of app.routeTable)
      for (const httpPart of ['body', 'querystring', 'params'] as const) {
        const part = schema[httpPart] as object | undefined
        try {
          if (part) lazyValidator({ schema: part, httpPart })({})
        } catch (error) {
          broken.push(`${method} ${url} ${httpPart}: ${(error as Error).message}`)
        }
      }
    expect(broken).toEqual([])
  })

  describe('bodies', () => {
    test('no JSON body of our own API takes unknown fields', () => {
      const lax = app.routeTable.filter(({ url, schema }) => {
        const body = schema.body as { type?: string; additionalProperties?: unknown } | undefined
        return url.startsWith('/api/v1/') && body?.type === 'object' && body.additionalProperties === undefined
      })
      expect(lax.map((route) => `${route.method} ${route.url}`)).toEqual([])
    })
  })
})

function codeOf(body: string): string {
  try {
    const parsed = JSON.parse(body) as { code?: string; error_code?: string }
    return parsed.code ?? parsed.error_code ?? ''
  } catch {
    return ''
  }
}

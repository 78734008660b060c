import { type Client, createWorld, type World } from '@trivium/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { setExternalGroups } from './groups.ts'

let world: World
let root: Client
let project: string
let count = 0
const at = (path: string): string => `/api/v1/projects/${project}/${path}`

beforeAll(async () => {
  world = await createWorld({})
  root = await world.as('instance-admin')
  project = await world.makeProject()
}, 60_000)
afterAll(() => world.close())

/** A person who holds a role here, and calls with a token of his own. */
async function person(role: string, kind: 'person' | 'service' = 'person') {
  const { access } = world.capabilities
  count += 1
  const name = `person-${count}`
  const { id } = await access.createPrincipal(root.principal, { name, kind })
  await access.grantRole({ ...root.scope, project }, { principalId: id, role })
  const withToken = async (more: object) => {
    const made = await access.createToken(root.principal, { principalId: id, name: 'own', ...more })
    const call = (method: 'GET' | 'PUT' | 'POST' | 'DELETE', url: string, body?: unknown) =>
      root.call(method, url, body, { authorization: `Bearer ${made.secret}` })
    return { id: made.id, call }
  }
  return { ...(await withToken({})), id, name, withToken }
}
const define = (name: string, permissions: string[]) => root.call('PUT', at(`roles/${name}`), { permissions })

test('no role administers the instance, whoever makes it', async () => {
  for (const url of [at('roles/over-all'), '/api/v1/roles/over-all'])
    expect([url, (await root.call('PUT', url, { permissions: ['instance:admin'] })).json.code]).toEqual([
      url,
      'ACCESS.NOT_IN_A_ROLE',
    ])
})

test('a group is given no role that its giver does not hold himself', async () => {
  await define('doorman', ['project:read', 'member:write'])
  await root.call('PUT', '/api/v1/groups/friends', {})
  const doorman = await person('doorman')
  expect((await doorman.call('PUT', at('groups/friends/roles/admin'))).status).toBe(403)
  expect((await doorman.call('PUT', at('groups/friends/roles/doorman'))).status).toBe(200)
})

test('a group of the name of one that was removed holds nothing of it', async () => {
  await root.call('PUT', '/api/v1/groups/gone', {})
  expect((await root.call('PUT', at('groups/gone/roles/admin'))).json.roles).toHaveLength(1)
  await root.call('DELETE', '/api/v1/groups/gone')
  expect((await root.call('PUT', '/api/v1/groups/gone', {})).json.roles).toEqual([])
  const jane = await person('viewer')
  await root.call('PUT', `/api/v1/groups/gone/members/${jane.name}`)
  expect((await jane.call('GET', at('quotas'))).status).toBe(200)
  expect((await jane.call('PUT', at('roles/mine'), { permissions: ['project:read'] })).status).toBe(403)
})

test('who is in a group by his identity provider is not taken out by hand', async () => {
  await root.call('PUT', '/api/v1/groups/of-provider', {})
  const jane = await person('viewer')
  await world.kernel.db.write
    .transaction()
    .execute((trx) => setExternalGroups(trx, jane.id, 'provider', ['of-provider'], world.time.now))
  const removed = await root.call('DELETE', `/api/v1/groups/of-provider/members/${jane.name}`)
  expect(removed.json.code).toBe('ACCESS.NOT_A_MEMBER')
  const { groups } = (await root.call('GET', '/api/v1/groups')).json
  const found = groups.find(({ name }: { name: string }) => name === 'of-provider')
  expect(found.members).toEqual([{ name: jane.name, source: 'provider' }])
})

test('a token is rotated by no run, to no longer life than the one it is done with, and for all projects by none that is of one', async () => {
  const jane = await person('contributor')
  const long = await jane.withToken({
    project,
    permissions: ['project:read'],
    expiresAt: world.time.now + 90 * 86_400_000,
  })
  const everywhere = await jane.withToken({})
  const run = await jane.withToken({ project, kind: 'run' })
  expect((await run.call('POST', at(`tokens/${long.id}/rotate`), {})).json.code).toBe('ACCESS.RUN_MAKES_NO_TOKEN')
  const end = world.time.now + 86_400_000
  const short = await jane.withToken({ project, expiresAt: end })
  expect((await short.call('POST', at(`tokens/${everywhere.id}/rotate`), {})).json.code).toBe('ACCESS.TOKEN_NOT_FOUND')
  const rotated = await short.call('POST', at(`tokens/${long.id}/rotate`), {})
  expect([rotated.status, rotated.json.token.expiresAt]).toEqual([201, end])
})

test('a token is rotated by nobody who holds less than it does', async () => {
  await define('clerk', ['project:read', 'member:write', 'token:write'])
  const [clerk, robot] = [await person('clerk'), await person('contributor', 'service')]
  const narrow = await robot.withToken({ project, permissions: ['project:read'] })
  const more = await robot.withToken({ project, permissions: ['project:read', 'dataset:write'] })
  expect((await clerk.call('POST', at(`tokens/${more.id}/rotate`), {})).status).toBe(403)
  expect((await clerk.call('POST', at(`tokens/${narrow.id}/rotate`), {})).status).toBe(201)
})

test('an admin of a project sees the tokens of it, and of those for all projects his own only', async () => {
  const [jane, boss] = [await person('viewer'), await person('admin')]
  const hers = await jane.withToken({ project })
  const everywhere = await jane.withToken({})
  const mine = await boss.withToken({})
  const { tokens } = (await boss.call('GET', at('tokens'))).json
  const seen = new Set(tokens.map(({ id }: { id: string }) => id))
  expect([hers.id, everywhere.id, mine.id].map((id) => seen.has(id))).toEqual([true, false, true])
})

test('glass is broken by people, not by programs', async () => {
  await define('stand-by', ['project:read', 'access:break-glass'])
  const [jane, robot] = [await person('stand-by'), await person('stand-by', 'service')]
  const input = { reason: 'The night shift does not answer.', minutes: 5 }
  expect((await robot.call('POST', at('break-glass'), input)).json.code).toBe('ACCESS.GLASS_FOR_PEOPLE')
  expect((await jane.call('POST', at('break-glass'), input)).status).toBe(201)
})

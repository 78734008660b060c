import { createWorld, type World } from '@trivium/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { linked, newPerson, request } from './testing/browser.fixture.ts'

const minute = 60_000
const good = 'correct horse battery'

const signIn = (world: World, name: string, password: string, remoteAddress = '127.0.0.1') =>
  world.app
    .inject({
      method: 'POST',
      url: '/api/v1/sign-in/password',
      remoteAddress,
      headers: { host: 'localhost', origin: 'http://localhost' },
      payload: { name, password },
    })
    .then((answer) => ({
      status: answer.statusCode,
      json: answer.json(),
      retryAfter: answer.headers['retry-after'],
      cookie: String(answer.headers['set-cookie'] ?? '').split(';')[0] as string,
    }))
const works = async (world: World, cookie: string) =>
  (await request(world, 'GET', '/api/v1/session', undefined, { cookie })).status === 200

async function person(world: World, password?: string) {
  const { name, cookie } = await newPerson(world)
  if (password !== undefined)
    expect((await request(world, 'PUT', '/api/v1/password', { password }, { cookie })).status).toBe(200)
  return { name, cookie }
}

describe('passwords', () => {
  let world: World
  beforeAll(async () => {
    world = await createWorld({ configuration: { passwords: true } })
  })
  afterAll(() => world.close())

  test('who set one signs in with it; wrong, unknown and disabled answer alike', async () => {
    const { name } = await person(world, good)
    const right = await signIn(world, ` ${name.toUpperCase()}`, good)
    expect([right.status, await works(world, right.cookie)]).toEqual([200, true])
    const wrong = await signIn(world, name, 'correct horse batterz')
    const unknown = await signIn(world, 'nobody-has-this-name', good)
    await world.kernel.db.write
      .transaction()
      .execute((trx) => trx.updateTable('principal').set({ disabled_at: 1 }).where('name', '=', name).execute())
    const disabled = await signIn(world, name, good)
    for (const { status, json } of [wrong, unknown, disabled])
      expect([status, json.code, json.detail]).toEqual([
        401,
        'SIGN_IN.WRONG_PASSWORD',
        'Name and password do not belong together.',
      ])
  })

  test('after ten wrong ones the account waits, from wherever, also when they come at once, and others do not', async () => {
    const { name } = await person(world, good)
    const other = await person(world, good)
    const addresses = (i: number) => `198.51.100.${i + 1}`
    const all = await Promise.all(
      Array.from({ length: 25 }, (_, i) => signIn(world, name, `guess number ${i}`, addresses(i))),
    )
    expect(all.filter(({ status }) => status === 401)).toHaveLength(10)
    expect(all.filter(({ status }) => status === 429)).toHaveLength(15)
    const blocked = await signIn(world, name, good, '203.0.113.9')
    expect([blocked.status, blocked.json.code, blocked.retryAfter]).toEqual([429, 'SIGN_IN.THROTTLED', '900'])
    expect((await signIn(world, other.name, good, '203.0.113.9')).status).toBe(200)
    world.time.now += 15 * minute
    expect((await signIn(world, name, good, '203.0.113.9')).status).toBe(200)
    expect((await signIn(world, name, 'once more wrong')).status).toBe(401)
  })

  test('a new password needs the current one and ends the other sessions', async () => {
    const { name, cookie } = await person(world, good)
    const elsewhere = (await signIn(world, name, good)).cookie
    const next = 'staple after staple'
    const change = (body: object, at = cookie) => request(world, 'PUT', '/api/v1/password', body, { cookie: at })
    // With a password alone nobody takes an account over for good whose browser he found open.
    const without = await change({ password: next }, elsewhere)
    expect([without.status, without.json.code]).toEqual([403, 'SIGN_IN.CURRENT_NEEDED'])
    const wrong = await change({ current: 'wrong one for sure', password: next }, elsewhere)
    expect([wrong.status, wrong.json.code]).toEqual([403, 'SIGN_IN.WRONG_CURRENT'])
    const weak = await change({ current: good, password: `${name}!` }, elsewhere)
    expect([weak.status, weak.json.code]).toEqual([400, 'SIGN_IN.WEAK_PASSWORD'])
    const done = await change({ current: good, password: next }, elsewhere)
    expect(done.json).toEqual({ ended: 1 })
    expect([await works(world, cookie), await works(world, elsewhere)]).toEqual([false, true])
    expect((await signIn(world, name, good)).status).toBe(401)
    expect((await signIn(world, name, next)).status).toBe(200)
    // Who forgot it gets a link, and has fifteen minutes.
    const fresh = await linked(world, name)
    world.time.now += 15 * minute + 1
    expect((await change({ password: good }, fresh)).json.code).toBe('SIGN_IN.CURRENT_NEEDED')
    expect((await change({ password: good }, await linked(world, name))).status).toBe(200)
  })

  test('a token sets no password', async () => {
    const { cookie } = await person(world, good)
    const admin = await world.as('instance-admin')
    const answer = await admin.call('PUT', '/api/v1/password', { password: good }, { cookie })
    expect([answer.status, answer.json.code]).toEqual([403, 'SIGN_IN.SESSION_NEEDED'])
  })

  test('a page of another site cannot sign a reader in as somebody else', async () => {
    const { name } = await person(world, good)
    const headers = { origin: 'https://evil.example' }
    const answer = await request(world, 'POST', '/api/v1/sign-in/password', { name, password: good }, headers)
    expect([answer.status, answer.json.code]).toEqual([403, 'HTTP.BAD_ORIGIN'])
  })

  test('a hash of an earlier cost is replaced at the next sign-in, and no password stands in events or rows', async () => {
    const { name } = await person(world, good)
    const hashOf = async () =>
      (
        await world.kernel.db.read
          .selectFrom('password')
          .innerJoin('principal', 'principal.id', 'password.principal_id')
          .select('hash')
          .where('name', '=', name)
          .executeTakeFirstOrThrow()
      ).hash
    const old = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'
    await world.kernel.db.write
      .transaction()
      .execute((trx) => trx.updateTable('password').set({ hash: old }).where('hash', '=', '').execute())
    const { id } = await world.kernel.db.read
      .selectFrom('principal')
      .select('id')
      .where('name', '=', name)
      .executeTakeFirstOrThrow()
    await world.kernel.db.write
      .transaction()
      .execute((trx) => trx.updateTable('password').set({ hash: old }).where('principal_id', '=', id).execute())
    expect((await signIn(world, name, 'password')).status).toBe(200)
    expect(await hashOf()).toMatch(/m=19456,t=2,p=1/)
    expect((await signIn(world, name, 'password')).status).toBe(200)
    await world.kernel.sequencer.flush()
    const events = await world.kernel.db.read.selectFrom('event').selectAll().execute()
    expect(JSON.stringify(events)).not.toContain(good)
    expect(events.map((one) => one.name)).toContain('password.changed')
  })
})

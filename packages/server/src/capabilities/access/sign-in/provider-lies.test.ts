import { createWorld, type World } from '@trivium/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readRoleMap } from './role-map.ts'
import { type Lie, startLiar } from './testing/start-liar.ts'

const publicUrl = 'http://localhost'
const hour = 3600

describe('a provider whose word does not hold', () => {
  let world: World
  let liar: Awaited<ReturnType<typeof startLiar>>
  beforeAll(async () => {
    liar = await startLiar()
    world = await createWorld({
      configuration: {
        publicUrl,
        oidcIssuer: liar.issuer,
        oidcClientId: 'trivium',
        oidcRoleMap: 'everybody=viewer@default',
        egressAllow: new URL(liar.issuer).host,
      },
    })
  })
  afterAll(async () => {
    await world.close()
    liar.stop()
  })

  const signIn = async (lie: Lie, nonce?: string): Promise<string> => {
    const begun = await world.app.inject({
      method: 'POST',
      url: '/api/v1/sign-in/provider',
      headers: { host: 'localhost', origin: publicUrl },
      payload: {},
    })
    const asked = new URL(begun.json().location).searchParams
    expect(Object.fromEntries(asked)).toMatchObject({
      response_type: 'code',
      code_challenge_method: 'S256',
      redirect_uri: `${publicUrl}/api/v1/sign-in/provider/callback`,
    })
    liar.lie = lie
    liar.nonce = nonce ?? (asked.get('nonce') as string)
    const back = await world.app.inject({
      url: `/api/v1/sign-in/provider/callback?code=any&state=${asked.get('state')}`,
      headers: { host: 'localhost', cookie: String(begun.headers['set-cookie']).split(';')[0] },
    })
    return String(back.headers.location)
  }
  const now = Math.floor(Date.now() / 1000)

  test('who says everything as it should be is believed', async () => {
    expect(await signIn({})).toBe('/')
  })

  test.each<[string, Lie, string?]>([
    ['of another issuer', { claims: { iss: 'https://other.example' } }],
    ['for another client', { claims: { aud: 'somebody-else' } }],
    ['for others beside us, by somebody else', { claims: { aud: ['trivium', 'other'], azp: 'other' } }],
    ['that has expired', { claims: { exp: now - hour, iat: now - 2 * hour } }],
    ['of nobody', { claims: { sub: undefined } }],
    ['for another sign-in', {}, 'a nonce of somebody else'],
    ['signed with a key that the provider does not show', { strangeKey: true }],
    ['without a signature', { unsigned: true }],
    ['with the algorithm none', { header: { alg: 'none' }, unsigned: true }],
    ['signed with an algorithm that the provider does not use', { header: { alg: 'HS256' } }],
    ['of a key that it has not', { header: { kid: 'other' } }],
  ])('an ID token %s opens nothing', async (_what, lie, nonce) => {
    expect(await signIn(lie, nonce)).toBe('/login?problem=SIGN_IN.PROVIDER_REFUSED')
  })

  const logout = { 'http://schemas.openid.net/event/backchannel-logout': {} }
  const told = async (token: string) => {
    const answer = await world.app.inject({
      method: 'POST',
      url: '/api/v1/sign-in/provider/back-channel-logout',
      headers: { host: 'localhost', 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams({ logout_token: token }).toString(),
    })
    return answer.statusCode === 200 ? 'believed' : String(answer.json().detail)
  }
  const good = () => ({ iss: liar.issuer, aud: 'trivium', iat: now, sub: 'somebody', events: logout })

  test('a logout token as it should be is believed', async () => {
    expect(await told(liar.sign(good()))).toBe('believed')
  })

  test.each<[string, Record<string, unknown>, Lie?]>([
    ['another provider', { iss: 'https://other.example' }],
    ['another client', { aud: 'other' }],
    ['too old', { iat: now - hour }],
    ['of the future', { iat: now + hour }],
    ['expired', { exp: now - hour }],
    ['no logout', { events: {} }],
    ['a nonce', { nonce: 'x' }],
    ['names nobody', { sub: undefined }],
    ['its signature', {}, { strangeKey: true }],
    ['no signed JWT', {}, { unsigned: true }],
    ['its algorithm', {}, { header: { alg: 'none' } }],
    ['its algorithm', {}, { header: { alg: 'HS256' } }],
    ['its signature', {}, { header: { alg: 'ES256', kid: 'other' } }],
  ])('a logout token that is wrong (%s) ends nothing', async (why, claims, lie) => {
    expect(await told(liar.sign({ ...good(), ...claims }, lie))).toContain(why)
  })

  test('a provider that does not answer is named, and shows nothing of ours', async () => {
    const away = await createWorld({
      configuration: { publicUrl, oidcIssuer: 'https://10.1.2.3', oidcClientId: 'trivium', oidcClientSecret: 'hush' },
    })
    try {
      const answer = await away.app.inject({
        method: 'POST',
        url: '/api/v1/sign-in/provider',
        headers: { host: 'localhost', origin: publicUrl },
        payload: {},
      })
      // An internal address, which nobody has allowed, is not even tried.
      expect([answer.statusCode, answer.json().code]).toEqual([502, 'SIGN_IN.PROVIDER_UNREACHABLE'])
      expect(answer.body).not.toContain('hush')
    } finally {
      await away.close()
    }
  })

  test.each([
    ['everybody', 'neither GROUP=ROLE@PROJECT'],
    ['a=viewer', 'neither'],
    ['a=instance-admin@default', 'neither'],
    ['=viewer@default', 'neither'],
    ['a=viewer@Default', 'neither'],
  ])('the setting oidcRoleMap "%s" is refused', (text, why) => {
    expect(() => readRoleMap(text)).toThrow(why)
  })
})

import { hash } from 'node:crypto'
import { expect, test } from 'vitest'
import type { GatewayToken } from '../kernel/ports/gateway.ts'
import { authenticate } from './authenticate.ts'

const secret = 'trv_a-token-that-the-snapshot-knows'
const token: GatewayToken = {
  hash: hash('sha256', secret, 'hex'),
  principal: 'prn_1',
  project: 'default',
  expiresAt: 2000,
  mayPredict: true,
}
const known = (changes: Partial<GatewayToken> = {}) => new Map([[token.hash, { ...token, ...changes }]])
const basic = `Basic ${Buffer.from(`anybody:${secret}`).toString('base64')}`

test('a known token opens, as Bearer and as the password of Basic', async () => {
  for (const authorization of [`Bearer ${secret}`, `bearer  ${secret}`, basic])
    expect((await authenticate({ authorization }, known, 1000)).principal, authorization).toBe('prn_1')
})

test('nothing, another scheme, an unknown and an expired token, and one that may not predict are refused with their reason', async () => {
  const refused = (authorization: string | undefined, tokens = known, now = 1000) =>
    authenticate(authorization === undefined ? {} : { authorization }, tokens, now).catch((error) => error.code)
  expect(await refused(undefined)).toBe('ACCESS.UNAUTHENTICATED')
  expect(await refused(`Digest ${secret}`)).toBe('ACCESS.UNAUTHENTICATED')
  expect(await refused('Bearer trv_unknown')).toBe('ACCESS.UNAUTHENTICATED')
  expect(await refused(`Bearer ${secret}`, known, 2000)).toBe('ACCESS.TOKEN_EXPIRED')
  expect(await refused(`Bearer ${secret}`, () => known({ mayPredict: false }))).toBe('ACCESS.FORBIDDEN')
})

test('Basic credentials that a browser kept do not work for the page of anybody', async () => {
  for (const headers of [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }, { origin: 'null' }])
    await expect(authenticate({ authorization: basic, ...headers }, known, 1000)).rejects.toMatchObject({
      code: 'ACCESS.UNAUTHENTICATED',
    })
  const own = { authorization: `Bearer ${secret}`, origin: 'http://localhost' }
  expect((await authenticate(own, known, 1000)).principal).toBe('prn_1')
})

test('a token that was made a moment ago is waited for', async () => {
  const snapshot = new Map<string, GatewayToken>()
  setTimeout(() => snapshot.set(token.hash, token), 100)
  expect((await authenticate({ authorization: `Bearer ${secret}` }, () => snapshot, 1000)).principal).toBe('prn_1')
})

test('unknown tokens wait in bounded number, and the others are refused at once', async () => {
  const refused = (number: number) =>
    authenticate({ authorization: `Bearer trv_unknown-${number}` }, () => new Map(), 1000).catch((error) => error.code)
  const waiting = Array.from({ length: 100 }, (_, number) => refused(number))
  const began = performance.now()
  expect(await Promise.race([refused(100), Promise.all(waiting)])).toBe('ACCESS.UNAUTHENTICATED')
  expect(performance.now() - began).toBeLessThan(350)
  expect(new Set(await Promise.all(waiting))).toEqual(new Set(['ACCESS.UNAUTHENTICATED']))
})

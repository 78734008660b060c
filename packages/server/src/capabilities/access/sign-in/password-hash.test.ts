import { expect, test } from 'vitest'
import { createPasswordHasher } from './password-hash.ts'
import { requireGoodPassword } from './password-rules.ts'

const cheap = { memory: 64, passes: 1, parallelism: 1 }

test('a password is stored as argon2id at the cost that OWASP names, each time with another salt', async () => {
  const hasher = createPasswordHasher()
  const [first, second] = [await hasher.hash('correct horse battery'), await hasher.hash('correct horse battery')]
  expect(first).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/)
  expect(second).not.toBe(first)
  expect(await hasher.verify('correct horse battery', first)).toBe('right')
  expect(await hasher.verify('correct horse batterz', first)).toBe('wrong')
})

test('a hash that another program made is read', async () => {
  // Of the reference implementation: echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1 -l 24
  const known = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'
  expect(await createPasswordHasher(cheap).verify('password', known)).toBe('stale')
})

test('a hash of another cost is right and stale, and the letters of one password are one text', async () => {
  const stored = await createPasswordHasher(cheap).hash('caf\u00e9 am Morgen')
  const dearer = createPasswordHasher({ ...cheap, passes: 2 })
  expect(await dearer.verify('cafe\u0301 am Morgen', stored)).toBe('stale')
  expect(await dearer.verify('cafe am Morgen', stored)).toBe('wrong')
})

test('without a stored hash it takes as long, and the main thread goes on meanwhile', async () => {
  const hasher = createPasswordHasher()
  const stored = await hasher.hash('correct horse battery')
  let turns = 0
  const turning = setInterval(() => (turns += 1), 1)
  const timeOf = async (hash: string | undefined) => {
    const times: number[] = []
    for (let i = 0; i < 5; i += 1) {
      const start = performance.now()
      expect(await hasher.verify('guessed at random', hash)).toBe('wrong')
      times.push(performance.now() - start)
    }
    return Math.min(...times)
  }
  const [known, unknown] = [await timeOf(stored), await timeOf(undefined)]
  clearInterval(turning)
  expect(unknown).toBeGreaterThan(known / 3)
  expect(turns).toBeGreaterThan(5)
})

test('of very many at once some are told to come again instead of waiting without end', async () => {
  const hasher = createPasswordHasher(cheap)
  const all = await Promise.allSettled(Array.from({ length: 90 }, () => hasher.verify('x', undefined)))
  const refused = all.filter((one) => one.status === 'rejected')
  expect(refused.length).toBe(90 - 66)
  expect(await hasher.verify('x', undefined)).toBe('wrong')
})

test.each([
  ['short', 'it needs 12 characters, this one has 5'],
  ['jane-trustwell', 'made of the name'],
  ['JaneTrustwell1999', 'made of the name'],
  ['Password1234!', 'tried first'],
  ['P@ssw0rd2026!!', 'tried first'],
  ['trivium-trivium', 'tried first'],
  ['qwertyuiop12', 'tried first'],
  ['aaaaaaaaaaaab', 'few different'],
  ['123456789012', 'counts up'],
  ['abcdefghijklmnop', 'counts up'],
])('"%s" is no password', (password, why) => {
  expect(() => requireGoodPassword(password, 'jane.trustwell')).toThrow(why)
})

test.each([
  'correct horse battery',
  'Wer reitet so spät durch Nacht',
  'x8#kQ2!vLm0z',
  'my password manager made me do it',
])('"%s" is one', (password) => {
  expect(() => requireGoodPassword(password, 'jane')).not.toThrow()
})

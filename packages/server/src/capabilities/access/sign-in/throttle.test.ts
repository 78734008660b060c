import { describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'
import { createThrottle } from './throttle.ts'

const window = 15 * 60_000

describeEachDatabase('the throttle of passwords', ({ world }) => {
  const attempt = (name: string, address: string) =>
    createThrottle(world.kernel)
      .attempt({ name, address })
      .then(
        () => 'goes on',
        (error: { code: string; details: { retryAfter: number } }) => `${error.code} ${error.details.retryAfter}`,
      )
  const succeeded = (name: string, address: string) => createThrottle(world.kernel).succeeded({ name, address })

  test('ten attempts for an account in a window, from wherever, also at once; then it waits until the window is over', async () => {
    const all = await Promise.all(Array.from({ length: 25 }, (_, i) => attempt('jane', `198.51.100.${i + 1}`)))
    expect(all.filter((one) => one === 'goes on')).toHaveLength(10)
    expect(all.filter((one) => one === 'SIGN_IN.THROTTLED 900')).toHaveLength(15)
    world.time.now += window - 1000
    expect(await attempt(' Jane', '203.0.113.9')).toBe('SIGN_IN.THROTTLED 1')
    expect(await attempt('joe', '203.0.113.9')).toBe('goes on')
    world.time.now += 1000
    expect(await attempt('jane', '203.0.113.9')).toBe('goes on')
  })

  test('fifty attempts from one address, of one customer in IPv6 too, whoever is guessed', async () => {
    const found: string[] = []
    for (let i = 0; i < 51; i += 1) found.push(await attempt(`guess-${i}`, `2001:db8:7:1::${i + 1}`))
    expect(found).toEqual([...Array(50).fill('goes on'), 'SIGN_IN.THROTTLED 900'])
    expect(await attempt('anna', '2001:db8:7:1:ffff::1')).toBe('SIGN_IN.THROTTLED 900')
    expect(await attempt('anna', '2001:db8:7:2::1')).toBe('goes on')
    const kept = await world.kernel.db.read.selectFrom('sign_in_throttle').select('key').execute()
    expect(JSON.stringify(kept)).not.toContain('guess-')
  })

  test('who is right begins anew, and costs his address nothing', async () => {
    world.time.now += window
    for (let i = 0; i < 60; i += 1) {
      expect(await attempt('right', '192.0.2.1')).toBe('goes on')
      await succeeded('right', '192.0.2.1')
    }
    const rows = await world.kernel.db.read.selectFrom('sign_in_throttle').selectAll().execute()
    expect(rows.map((row) => row.attempts)).toEqual([0])
  })
})

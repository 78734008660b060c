import { expect, test } from 'vitest'
import { createLoadGate } from './load-gate.ts'

const limits = {
  vital: { atOnce: 2, waiting: 2 },
  log: { atOnce: 2, waiting: 2 },
  normal: { atOnce: 2, waiting: 2 },
  heavy: { atOnce: 1, waiting: 1 },
  upload: { atOnce: 1, waiting: 1 },
}
const onTime = { now: () => 0, stop: () => {} }

test('what does not fit waits its turn, and beyond that is refused with the seconds to wait', async () => {
  const gate = createLoadGate({ limits, lateness: onTime })
  const order: string[] = []
  const leave = await gate.enter('heavy')
  const second = gate.enter('heavy').then((end) => (order.push('second'), end))
  await expect(gate.enter('heavy')).rejects.toMatchObject({
    code: 'HTTP.OVERLOADED',
    status: 503,
    details: { retryAfter: 5 },
  })
  expect(order).toEqual([])
  leave()
  leave()
  const end = await second
  expect(gate.state().find((one) => one.load === 'heavy')).toEqual({
    load: 'heavy',
    running: 1,
    waiting: 0,
    refused: 1,
  })
  end()
  expect(gate.state().find((one) => one.load === 'heavy')?.running).toBe(0)
  gate.stop()
})

test('a full class takes no room from another', async () => {
  const gate = createLoadGate({ limits, lateness: onTime })
  await gate.enter('heavy')
  await gate.enter('normal')
  await gate.enter('normal')
  expect(await gate.enter('vital')).toBeTypeOf('function')
  gate.stop()
})

test('a main thread that is late refuses searches first, then the rest, never what is vital, and nobody while there is little to do', async () => {
  let late = 0
  const gate = createLoadGate({ lateness: { now: () => late, stop: () => {} } })
  late = 10_000
  expect(await gate.enter('heavy')).toBeTypeOf('function')
  late = 0
  for (let n = 0; n < 32; n += 1) await gate.enter('normal')
  late = 2000
  await expect(gate.enter('heavy')).rejects.toMatchObject({ code: 'HTTP.OVERLOADED', details: { retryAfter: 2 } })
  expect(await gate.enter('normal')).toBeTypeOf('function')
  late = 10_000
  await expect(gate.enter('normal')).rejects.toMatchObject({ code: 'HTTP.OVERLOADED', details: { retryAfter: 10 } })
  expect(await gate.enter('vital')).toBeTypeOf('function')
  gate.stop()
})

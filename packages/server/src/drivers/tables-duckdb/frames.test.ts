import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createFrameReader, encodeFrame } from './frames.ts'

const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    fc.string({ unit: 'grapheme' }),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.bigInt(),
    fc.double().filter((number) => !Object.is(number, -0)),
    fc.array(tie('any')),
    fc.dictionary(fc.string(), tie('any'), { noNullPrototype: true }),
  ),
})).any

test('every message arrives as it was, however the pipe cuts it', () => {
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 5 }), fc.integer({ min: 1, max: 40 }), (messages, cut) => {
      const bytes = Buffer.concat(messages.map(encodeFrame))
      const received: unknown[] = []
      const read = createFrameReader((message) => received.push(message))
      for (let at = 0; at < bytes.length; at += cut) read(bytes.subarray(at, at + cut))
      expect(received).toEqual(messages)
    }),
  )
})

test('a message that looks like the notation for special numbers stays what it is', () => {
  const message = { specials: [['x', 'NaN']], message: { x: 'NaN' }, y: Number.NaN }
  const received: unknown[] = []
  createFrameReader((one) => received.push(one))(encodeFrame(message))
  expect(received).toEqual([message])
})

test('a frame of absurd length is refused', () => {
  expect(() => createFrameReader(() => {})(Buffer.from([255, 255, 255, 255]))).toThrow('longer than the pipe allows')
})

import { expect, test } from 'vitest'
import { createRateLimiter } from './rate-limit.ts'

test('a caller may make a minute of requests at once, then as many as come back in time; others are not held by it', () => {
  const limiter = createRateLimiter()
  const take = (caller: string, now: number) => limiter.take(caller, 60, now)
  for (let i = 0; i < 60; i += 1) expect(take('a', 0)).toBe(0)
  expect(take('a', 0)).toBe(1)
  expect(take('b', 0)).toBe(0)
  expect(take('a', 999)).toBe(1)
  expect(take('a', 1000)).toBe(0)
  expect(take('a', 1000)).toBe(1)
  expect(take('a', 121_000)).toBe(0)
  for (let i = 0; i < 59; i += 1) expect(take('a', 121_000)).toBe(0)
  expect(take('a', 121_000)).toBe(1)
})

test('the wait is told in whole seconds', () => {
  const limiter = createRateLimiter()
  expect(limiter.take('a', 1, 0)).toBe(0)
  expect(limiter.take('a', 1, 0)).toBe(60)
  expect(limiter.take('a', 1, 30_500)).toBe(30)
})

test('a raised limit counts at once, and any number of callers takes a bounded memory', () => {
  const limiter = createRateLimiter()
  for (let i = 0; i < 50_000; i += 1) expect(limiter.take(`caller-${i}`, 1, 0)).toBe(0)
  expect(limiter.take('caller-49999', 1, 0)).toBe(60)
  // The oldest are forgotten.
  expect(limiter.take('caller-0', 1, 0)).toBe(0)
  expect(limiter.take('caller-49999', 1000, 100)).toBe(0)
})

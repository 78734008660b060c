import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { constants, PerformanceObserver } from 'node:perf_hooks'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { collectAfterStart } from './collect-after-start.ts'
import { loadConfig } from './kernel/config/index.ts'
import { startServer } from './main.ts'

/** Collections of everything that somebody asked for; V8's own are of no interest. */
let asked = 0
const observer = new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    const { kind, flags } = (entry as unknown as { detail: { kind: number; flags: number } }).detail
    if (kind === constants.NODE_PERFORMANCE_GC_MAJOR && (flags & constants.NODE_PERFORMANCE_GC_FLAGS_FORCED) !== 0)
      asked += 1
  }
})

describe('what the start has left behind', () => {
  beforeEach(() => {
    asked = 0
    observer.observe({ entryTypes: ['gc'] })
  })
  afterEach(() => {
    vi.useRealTimers()
    observer.disconnect()
  })

  test('is collected once, when the start is over', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    collectAfterStart()
    vi.advanceTimersByTime(1999)
    expect(vi.getTimerCount()).toBe(1)
    vi.advanceTimersByTime(1)
    await expect.poll(() => asked, { timeout: 15_000 }).toBe(1)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('is left when the server stops before', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    collectAfterStart()()
    expect(vi.getTimerCount()).toBe(0)
  })

  test('is collected by a server that nobody asks for anything', async () => {
    const data = await mkdtemp(join(tmpdir(), 'trivium-collect-'))
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'], shouldAdvanceTime: true })
    const server = await startServer(loadConfig({ flags: { data, port: 0, logLevel: 'silent' }, environment: {} }))
    try {
      vi.advanceTimersByTime(2000)
      await expect.poll(() => asked, { timeout: 15_000 }).toBeGreaterThan(0)
    } finally {
      await server.stop()
      await rm(data, { recursive: true, force: true })
    }
  })
})

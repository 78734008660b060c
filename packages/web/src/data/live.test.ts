import { QueryClient } from '@tanstack/react-query'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createLive } from './live.ts'
import { FakeSource } from './testing/fake-source.ts'

const last = () => FakeSource.opened.at(-1) as FakeSource
const url = ({ after, channels }: { after?: number; channels?: string }) =>
  `/stream?after=${after ?? ''}&channels=${channels ?? ''}`

function open() {
  const queryClient = new QueryClient()
  const live = createLive({ url, queryClient, open: (address) => new FakeSource(address) })
  return { live, queryClient, stop: live.start() }
}

beforeEach(() => {
  vi.useFakeTimers()
  FakeSource.opened = []
})
afterEach(() => vi.useRealTimers())

test('an event makes the queries that it changed old, others not', async () => {
  const { queryClient } = open()
  queryClient.setQueryData(['listModels', 'p', null, null], [1])
  queryClient.setQueryData(['listDatasets', 'p', null, null], [1])
  last().say('ready', { head: 4 })
  last().say('event', { seq: 5, name: 'model.alias-set' })
  await vi.advanceTimersByTimeAsync(1000)
  expect(queryClient.getQueryState(['listModels', 'p', null, null])?.isInvalidated).toBe(true)
  expect(queryClient.getQueryState(['listDatasets', 'p', null, null])?.isInvalidated).toBe(false)
})

test('an event that was already seen is not told twice', () => {
  const { live } = open()
  const seen: number[] = []
  live.onEvent((event) => seen.push(event.seq))
  last().say('ready', { head: 4 })
  for (const seq of [4, 5, 5, 6]) last().say('event', { seq, name: 'run.finished' })
  expect(seen).toEqual([5, 6])
})

test('a new channel opens the stream again at the same place', async () => {
  const { live } = open()
  last().say('ready', { head: 9 })
  const heard: unknown[] = []
  live.onVolatile('step.log', (message) => heard.push(message['text']))
  await vi.advanceTimersByTimeAsync(100)
  expect(FakeSource.opened[0]?.closed).toBe(true)
  expect(last().url).toBe('/stream?after=9&channels=step.log')
  last().say('volatile', { channel: 'step.log', text: 'iteration 10' })
  last().say('volatile', { channel: 'other', text: 'no' })
  expect(heard).toEqual(['iteration 10'])
})

test('a lost connection is first reconnecting, then offline, then live again', async () => {
  const { live } = open()
  const states: string[] = []
  live.onStatus(() => states.push(live.status().state))
  last().say('ready', { head: 1 })
  last().say('error')
  await vi.advanceTimersByTimeAsync(7000)
  last().say('open')
  expect(states).toEqual(['live', 'reconnecting', 'offline', 'live'])
})

test('after an error of the server the stream is opened again, ever more slowly', async () => {
  open()
  last().say('ready', { head: 3 })
  last().readyState = 2
  last().say('error')
  await vi.advanceTimersByTimeAsync(1100)
  expect(FakeSource.opened).toHaveLength(2)
  expect(last().url).toContain('after=3')
  last().readyState = 2
  last().say('error')
  await vi.advanceTimersByTimeAsync(1100)
  expect(FakeSource.opened).toHaveLength(2)
  await vi.advanceTimersByTimeAsync(1100)
  expect(FakeSource.opened).toHaveLength(3)
})

test('closing stops everything', async () => {
  const { queryClient, stop } = open()
  queryClient.setQueryData(['listModels', 'p', null, null], [1])
  last().say('event', { seq: 5, name: 'model.alias-set' })
  stop()
  await vi.advanceTimersByTimeAsync(10_000)
  expect(last().closed).toBe(true)
  expect(queryClient.getQueryState(['listModels', 'p', null, null])?.isInvalidated).toBe(false)
})

test('what was stopped can be started again and goes on after the last event', () => {
  const { live, stop } = open()
  last().say('ready', { head: 7 })
  stop()
  live.start()
  expect(FakeSource.opened).toHaveLength(2)
  expect(last().url).toContain('after=7')
})

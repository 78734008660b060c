import { expect, test } from 'vitest'
import type { EventTable } from './event-log.ts'
import { createRecentEvents, type RecentEvents } from './recent-events.ts'

const row = (seq: number, data = '{}'): EventTable => ({
  id: `evt_${seq}`,
  seq,
  project_id: 'p',
  name: 'test.made',
  schema_version: 1,
  at: 0,
  event_time: null,
  by: 'tester',
  subject: 'trivium://p/test/1',
  refs: '[]',
  data,
  xid: 0,
})
const rows = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => row(from + i))
const holding = (...batches: [number, number][]): RecentEvents => {
  const recent = createRecentEvents()
  recent.keep()
  for (const [from, to] of batches) recent.add(rows(from, to))
  return recent
}
const seqs = (recent: RecentEvents, after: number, limit = 100) => recent.after(after, limit)?.map(({ seq }) => seq)

test('events that follow one another are given from any of them on, up to the limit', () => {
  const recent = holding([5, 6], [7, 9])
  expect(seqs(recent, 4)).toEqual([5, 6, 7, 8, 9])
  expect(seqs(recent, 6)).toEqual([7, 8, 9])
  expect(seqs(recent, 4, 2)).toEqual([5, 6])
})

test('what came before, and what may have come since from another server, is not known', () => {
  const recent = holding([5, 6])
  expect(recent.after(3, 10)).toBeUndefined()
  expect(recent.after(6, 10)).toBeUndefined()
  recent.note(6)
  expect(recent.after(6, 10)).toEqual([])
  recent.note(8)
  expect(recent.after(6, 10)).toBeUndefined()
})

test('numbers that another server gave in between are never skipped', () => {
  const recent = holding([1, 3], [6, 7])
  expect(recent.after(3, 10)).toBeUndefined()
  expect(seqs(recent, 5)).toEqual([6, 7])
})

test('it holds a limited number, little text, and nothing that all have read or that nobody reads', () => {
  const recent = holding([1, 3000])
  expect(recent.after(999, 10)).toBeUndefined()
  expect(seqs(recent, 1000, 1)).toEqual([1001])
  recent.forget(2999)
  expect(seqs(recent, 2999)).toEqual([3000])
  recent.forget(3000)
  expect(recent.after(2999, 10)).toBeUndefined()
  recent.add([row(3001, JSON.stringify({ text: 'x'.repeat(3_000_000) }))])
  expect(recent.after(3000, 10)).toBeUndefined()
  const unread = createRecentEvents()
  unread.add(rows(1, 2))
  expect(unread.after(0, 10)).toBeUndefined()
})

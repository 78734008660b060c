import { beforeEach, expect, test } from 'vitest'
import type { Source } from './live.ts'
import { createSharedSources } from './shared-source.ts'
import { createStreamHub, type StreamMessage } from './stream-hub.ts'
import { FakeSource } from './testing/fake-source.ts'

const opened = () => FakeSource.opened
const last = () => opened().at(-1) as FakeSource
const open = () => opened().filter((source) => !source.closed)

/** A hub, and tabs that speak with it through ports of their own. */
function browser() {
  const hub = createStreamHub((url) => new FakeSource(url))
  let ids = 0
  return {
    tab() {
      let hear: (event: { data: StreamMessage }) => void = () => {}
      const port = { postMessage: (data: StreamMessage) => hear({ data }) }
      const sources = createSharedSources(
        { postMessage: (request) => hub.request(request, port), addEventListener: (_, listener) => (hear = listener) },
        () => `s${ids++}`,
      )
      return { ...sources, crash: () => hub.gone(port) }
    },
  }
}

function listen(source: Source) {
  const heard: string[] = []
  for (const type of ['open', 'error', 'ready', 'event', 'volatile'])
    source.addEventListener(type, ({ data }) => heard.push(data === undefined ? type : `${type} ${data}`))
  return heard
}

beforeEach(() => {
  FakeSource.opened = []
})

test('eight tabs of a project hear the same event over one connection', () => {
  const { tab } = browser()
  const heard = Array.from({ length: 8 }, () => listen(tab().open('/p/stream')))
  expect(opened()).toHaveLength(1)
  last().say('event', { seq: 5, name: 'run.finished' })
  for (const one of heard) expect(one).toEqual(['event {"seq":5,"name":"run.finished"}'])
})

test('each project has a connection of its own, and messages do not cross', () => {
  const { tab } = browser()
  const one = listen(tab().open('/a/stream'))
  const other = listen(tab().open('/b/stream'))
  expect(opened().map(({ url }) => url)).toEqual(['/a/stream', '/b/stream'])
  last().say('event', { seq: 5 })
  expect([one, other]).toEqual([[], ['event {"seq":5}']])
})

test('a tab that comes later is told that the stream is open, and where it stands', () => {
  const { tab } = browser()
  tab().open('/p/stream')
  last().say('ready', { head: 3 })
  last().say('event', { seq: 7 })
  const late = tab()
  const heard = listen(late.open('/p/stream'))
  late.resume()
  expect(heard).toEqual(['open', 'ready {"head":7}'])
  expect(opened()).toHaveLength(1)
})

test('a tab that knows less than the stream has told gets what it missed', () => {
  const { tab } = browser()
  tab().open('/p/stream')
  last().say('ready', { head: 9 })
  tab().open('/p/stream?after=4')
  expect(last().url).toBe('/p/stream?after=4')
  expect(open()).toHaveLength(1)
})

test('a channel that one tab asks for is added, and the others keep theirs', () => {
  const { tab } = browser()
  tab().open('/p/stream?channels=step.log')
  last().say('ready', { head: 9 })
  const heard = listen(tab().open('/p/stream?channels=run.metrics'))
  expect(last().url).toBe('/p/stream?after=9&channels=step.log%2Crun.metrics')
  expect(open()).toHaveLength(1)
  opened()[0]?.say('event', { seq: 10 })
  expect(heard).toEqual([])
})

test('the connection outlives the tab that opened it and ends with the last one', () => {
  const { tab } = browser()
  const [first, second, third] = [tab(), tab(), tab()]
  const source = first.open('/p/stream')
  const heard = listen(second.open('/p/stream'))
  third.open('/p/stream')
  source.close()
  third.crash()
  last().say('event', { seq: 2 })
  expect(heard).toEqual(['event {"seq":2}'])
  expect(open()).toHaveLength(1)
  second.suspend()
  expect(open()).toHaveLength(0)
  second.resume()
  expect(open()).toHaveLength(1)
})

test('when the server ends a stream every tab is told that it is given up, and the next to ask opens it again', () => {
  const { tab } = browser()
  const tabs = [tab(), tab()]
  const sources = tabs.map((one) => one.open('/p/stream'))
  const heard = sources.map((source) => listen(source))
  last().readyState = 2
  last().say('error')
  expect(heard).toEqual([['error'], ['error']])
  expect(sources.map((source) => source.readyState)).toEqual([2, 2])
  for (const [at, one] of tabs.entries()) {
    sources[at]?.close()
    one.open('/p/stream?after=1')
  }
  expect(opened()).toHaveLength(2)
})

test('without a worker whoever listens is told to open another', () => {
  const { tab } = browser()
  const one = tab()
  const source = one.open('/p/stream')
  const heard = listen(source)
  one.giveUp()
  expect([heard, source.readyState]).toEqual([['error'], 2])
})

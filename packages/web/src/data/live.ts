import type { QueryClient } from '@tanstack/react-query'
import type { SealedEvent } from '@trivium/contract'
import { isChangedBy } from './event-queries.ts'

/** `live`: events arrive. `reconnecting`: the browser tries again. `offline`: since `since`, for longer than a few seconds. `paused`: the page is hidden. */
export type LiveState = 'connecting' | 'live' | 'reconnecting' | 'offline' | 'paused'

export interface LiveStatus {
  readonly state: LiveState
  /** When it was last live. */
  readonly since: number | undefined
}

/** A message of a volatile channel: it may have been dropped, so read again to be sure. */
export interface VolatileMessage {
  readonly channel: string
  readonly [field: string]: unknown
}

/** The live connection of one project. */
export interface Live {
  status(): LiveStatus
  onStatus(listener: () => void): () => void
  /** Calls back for each sealed event, in order. */
  onEvent(listener: (event: SealedEvent) => void): () => void
  /** Calls back for messages of a volatile channel: `step.log`, `run.metrics`, `step.progress`. */
  onVolatile(channel: string, listener: (message: VolatileMessage) => void): () => void
  /** Connects, and stays connected until the returned function is called. */
  start(): () => void
}

/** What of EventSource is used; tests bring their own. */
export interface Source {
  /** 2: given up, for example because the server answered an error. */
  readonly readyState?: number
  addEventListener(type: string, listener: (event: { data?: string }) => void): void
  close(): void
}

interface LiveOptions {
  /** The address of the stream, with the cursor and the channels. */
  readonly url: (query: { after?: number; channels?: string }) => string
  readonly queryClient: QueryClient
  readonly open?: (url: string) => Source
  readonly now?: () => number
  /** Answers are read again at most this often. */
  readonly gatherMs?: number
  /** The page's visibility; a hidden page gives its connection back. */
  readonly visibility?: Pick<Document, 'visibilityState' | 'addEventListener' | 'removeEventListener'> | undefined
}

const offlineAfterMs = 6000
const pauseAfterMs = 60_000

/** The event stream of a project: once started it is kept open, and makes queries read again what events changed. */
export function createLive({
  url,
  queryClient,
  open = (address) => new EventSource(address),
  now = Date.now,
  gatherMs = 400,
  visibility,
}: LiveOptions): Live {
  let source: Source | undefined
  let cursor: number | undefined
  let status: LiveStatus = { state: 'connecting', since: undefined }
  let closed = true
  let reopening: ReturnType<typeof setTimeout> | undefined
  let failures = 0
  let offlineTimer: ReturnType<typeof setTimeout> | undefined
  let pauseTimer: ReturnType<typeof setTimeout> | undefined
  let gathering: ReturnType<typeof setTimeout> | undefined
  const changedBy = new Set<string>()
  const statusListeners = new Set<() => void>()
  const eventListeners = new Set<(event: SealedEvent) => void>()
  const channels = new Map<string, Set<(message: VolatileMessage) => void>>()

  function setState(state: LiveState): void {
    if (status.state === state) return
    status = { state, since: state === 'live' ? now() : (status.since ?? now()) }
    for (const listener of statusListeners) listener()
  }

  function lost(): void {
    if (closed || status.state === 'paused') return
    if (status.state === 'live' || status.state === 'connecting') setState('reconnecting')
    offlineTimer ??= setTimeout(() => setState('offline'), offlineAfterMs)
    // the browser itself tries again after a broken connection, but not after an error of the server
    if (source?.readyState === 2) reconnect(Math.min(30_000, 1000 * 2 ** failures++))
  }

  function heard(): void {
    clearTimeout(offlineTimer)
    offlineTimer = undefined
    failures = 0
    setState('live')
  }

  function gather(name: string): void {
    changedBy.add(name)
    gathering ??= setTimeout(() => {
      gathering = undefined
      const names = [...changedBy]
      changedBy.clear()
      void queryClient.invalidateQueries({
        predicate: ({ queryKey }) =>
          typeof queryKey[0] === 'string' && names.some((one) => isChangedBy(queryKey[0] as string, one)),
      })
    }, gatherMs)
  }

  function connect(): void {
    source?.close()
    if (closed) return
    const wanted = [...channels.keys()].join(',')
    const opened = open(
      url({ ...(cursor === undefined ? {} : { after: cursor }), ...(wanted === '' ? {} : { channels: wanted }) }),
    )
    source = opened
    opened.addEventListener('open', () => source === opened && heard())
    opened.addEventListener('error', () => source === opened && lost())
    opened.addEventListener('ready', (message) => {
      const head = (JSON.parse(message.data ?? '{}') as { head?: number }).head
      // what happened while the connection was down is streamed after the cursor; without one everything may be old
      if (cursor === undefined && typeof head === 'number') cursor = head
      heard()
    })
    opened.addEventListener('event', (message) => {
      const event = JSON.parse(message.data ?? '{}') as SealedEvent
      if (cursor !== undefined && event.seq <= cursor) return
      cursor = event.seq
      gather(event.name)
      for (const listener of eventListeners) listener(event)
    })
    opened.addEventListener('volatile', (message) => {
      const parsed = JSON.parse(message.data ?? '{}') as VolatileMessage
      for (const listener of channels.get(parsed.channel) ?? []) listener(parsed)
    })
  }

  function reconnect(afterMs: number): void {
    reopening ??= setTimeout(() => {
      reopening = undefined
      if (status.state !== 'paused') connect()
    }, afterMs)
  }

  function visibilityChanged(): void {
    clearTimeout(pauseTimer)
    if (visibility?.visibilityState === 'hidden') {
      pauseTimer = setTimeout(() => {
        setState('paused')
        source?.close()
      }, pauseAfterMs)
    } else if (status.state === 'paused') {
      status = { state: 'connecting', since: status.since }
      connect()
    }
  }

  function stop(): void {
    closed = true
    for (const timer of [reopening, offlineTimer, pauseTimer, gathering]) clearTimeout(timer)
    reopening = offlineTimer = pauseTimer = gathering = undefined
    visibility?.removeEventListener('visibilitychange', visibilityChanged)
    source?.close()
    source = undefined
    setState('connecting')
  }

  return {
    status: () => status,
    onStatus(listener) {
      statusListeners.add(listener)
      return () => statusListeners.delete(listener)
    },
    onEvent(listener) {
      eventListeners.add(listener)
      return () => eventListeners.delete(listener)
    },
    onVolatile(channel, listener) {
      let listeners = channels.get(channel)
      if (!listeners) {
        listeners = new Set()
        channels.set(channel, listeners)
        if (!closed) reconnect(50)
      }
      listeners.add(listener)
      // a channel that nobody listens to any more is left out at the next connection
      return () => {
        listeners.delete(listener)
        if (listeners.size === 0) channels.delete(channel)
      }
    },
    start() {
      closed = false
      visibility?.addEventListener('visibilitychange', visibilityChanged)
      connect()
      return stop
    },
  }
}

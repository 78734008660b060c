import type { Source } from './live.ts'

/** What a tab asks: to hear a stream from a place on, or no longer. */
export type StreamRequest =
  | { readonly kind: 'hear'; readonly id: string; readonly url: string }
  | { readonly kind: 'leave'; readonly id: string }

/** What a tab is told: a message of its stream, and how the connection stands (as in EventSource). */
export interface StreamMessage {
  readonly id: string
  readonly type: (typeof messageTypes)[number]
  readonly data?: string | undefined
  readonly readyState: number
}

/** What of a MessagePort is used. */
export interface StreamPort {
  postMessage(message: StreamMessage): void
}

const messageTypes = ['open', 'error', 'ready', 'event', 'volatile'] as const
const gaveUp = 2

interface Listener {
  readonly port: StreamPort
  readonly after: number | undefined
  readonly channels: ReadonlySet<string>
}

interface Stream {
  readonly path: string
  readonly listeners: Map<string, Listener>
  source: Source | undefined
  channels: ReadonlySet<string>
  isOpen: boolean
  /** The last event that was told; a tab that knows less needs the stream from there. */
  position: number | undefined
}

/** The event streams of one browser: one connection a project, shared by all tabs that have it open, with the channels of all of them. */
export function createStreamHub(open: (url: string) => Source) {
  const streams = new Map<string, Stream>()

  function connect(stream: Stream, after: number | undefined, channels: ReadonlySet<string>): void {
    stream.source?.close()
    const query = new URLSearchParams()
    if (after !== undefined) query.set('after', String(after))
    if (channels.size > 0) query.set('channels', [...channels].join(','))
    const source = open(query.size === 0 ? stream.path : `${stream.path}?${query}`)
    Object.assign(stream, { source, channels, isOpen: false })
    for (const type of messageTypes)
      source.addEventListener(type, ({ data }) => {
        if (stream.source === source) heard(stream, type, data)
      })
  }

  function heard(stream: Stream, type: StreamMessage['type'], data: string | undefined): void {
    stream.isOpen = type !== 'error'
    const told = type === 'event' ? read(data).seq : type === 'ready' ? read(data).head : undefined
    if (told !== undefined) stream.position = Math.max(stream.position ?? 0, told)
    const readyState = stream.source?.readyState ?? 1
    // whoever still wants to hear asks again, after a while of his own
    if (type === 'error' && readyState === gaveUp) streams.delete(stream.path)
    for (const [id, { port }] of stream.listeners) port.postMessage({ id, type, data, readyState })
  }

  function hear(id: string, url: string, port: StreamPort): void {
    const [path = '', search = ''] = url.split('?')
    const query = new URLSearchParams(search)
    const after = query.has('after') ? Number(query.get('after')) : undefined
    const channels = new Set((query.get('channels') ?? '').split(',').filter(Boolean))
    const known = streams.get(path)
    if (!known) {
      const listeners = new Map([[id, { port, after, channels }]])
      const stream: Stream = { path, listeners, source: undefined, channels, isOpen: false, position: after }
      streams.set(path, stream)
      connect(stream, after, channels)
      return
    }
    known.listeners.set(id, { port, after, channels })
    const missed = after !== undefined && known.position !== undefined && after < known.position
    if (missed || [...channels].some((channel) => !known.channels.has(channel))) {
      const wanted = [...known.listeners.values()].flatMap((listener) => [...listener.channels])
      connect(known, missed ? after : known.position, new Set(wanted))
    } else if (known.isOpen) {
      port.postMessage({ id, type: 'open', readyState: 1 })
      port.postMessage({ id, type: 'ready', data: JSON.stringify({ head: known.position }), readyState: 1 })
    }
  }

  function leave(id: string): void {
    for (const stream of streams.values()) {
      if (!stream.listeners.delete(id) || stream.listeners.size > 0) continue
      stream.source?.close()
      streams.delete(stream.path)
    }
  }

  return {
    request(request: StreamRequest, port: StreamPort): void {
      if (request.kind === 'hear') hear(request.id, request.url, port)
      else leave(request.id)
    },
    /** The tab is gone: nothing is kept open for it. */
    gone(port: StreamPort): void {
      for (const stream of streams.values())
        for (const [id, listener] of stream.listeners) if (listener.port === port) leave(id)
    },
  }
}

function read(data: string | undefined): { readonly seq?: number; readonly head?: number } {
  return JSON.parse(data ?? '{}')
}

import type { Source } from './live.ts'
import type { StreamMessage, StreamRequest } from './stream-hub.ts'

/** What of a SharedWorker's port is used. */
export interface HubPort {
  postMessage(request: StreamRequest): void
  addEventListener(type: 'message', listener: (event: { readonly data: StreamMessage }) => void): void
}

interface Heard {
  readonly url: string
  readonly tell: (message: Omit<StreamMessage, 'id'>) => void
}

/** Opens event streams through the worker that all tabs share: `open(url)` is like `new EventSource(url)`. */
export function createSharedSources(port: HubPort, newId: () => string) {
  const heard = new Map<string, Heard>()
  port.addEventListener('message', ({ data }) => heard.get(data.id)?.tell(data))
  return {
    open(url: string): Source {
      const id = newId()
      const listeners = new Map<string, ((event: { data?: string }) => void)[]>()
      let readyState = 0
      heard.set(id, {
        url,
        tell(message) {
          readyState = message.readyState
          const event = message.data === undefined ? {} : { data: message.data }
          for (const listener of listeners.get(message.type) ?? []) listener(event)
        },
      })
      port.postMessage({ kind: 'hear', id, url })
      return {
        get readyState() {
          return readyState
        },
        addEventListener(type, listener) {
          listeners.set(type, [...(listeners.get(type) ?? []), listener])
        },
        close() {
          if (heard.delete(id)) port.postMessage({ kind: 'leave', id })
        },
      }
    },
    /** The page goes away, perhaps to come back by the browser's back button. */
    suspend(): void {
      for (const id of heard.keys()) port.postMessage({ kind: 'leave', id })
    },
    resume(): void {
      for (const [id, { url }] of heard) port.postMessage({ kind: 'hear', id, url })
    },
    /** There is no worker: who listens is told that the connection is given up, and opens another. */
    giveUp(): void {
      const all = [...heard.values()]
      heard.clear()
      for (const { tell } of all) tell({ type: 'error', readyState: 2 })
    },
  }
}

import { EventEmitter } from 'node:events'

/** Live curves, log tails and progress: may drop, is never relied on; the page repairs itself by reading. */
export interface VolatileChannel {
  publish(project: string, channel: string, payload: Record<string, unknown>): void
  subscribe(project: string, listener: (message: VolatileMessage) => void): () => void
}

export interface VolatileMessage {
  channel: string
  payload: Record<string, unknown>
}

export function createVolatileChannel(): VolatileChannel {
  const emitter = new EventEmitter()
  emitter.setMaxListeners(0)
  return {
    publish: (project, channel, payload) => void emitter.emit(project, { channel, payload }),
    subscribe: (project, listener) => {
      emitter.on(project, listener)
      return () => emitter.off(project, listener)
    },
  }
}

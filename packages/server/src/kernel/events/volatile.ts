import { EventEmitter } from 'node:events'
import type { MessageChannel } from '../db/index.ts'

/** Live curves, log tails and progress: may drop, is never relied on; the page repairs itself by reading. */
export interface VolatileChannel {
  publish(project: string, channel: string, payload: Record<string, unknown>): void
  subscribe(project: string, listener: (message: VolatileMessage) => void): () => void
}

export interface VolatileMessage {
  channel: string
  payload: Record<string, unknown>
}

const topic = 'volatile'

/** With a channel the readers at the other servers get it too, while `others` says that there are any. */
export function createVolatileChannel({
  channel,
  others = () => false,
}: {
  channel?: MessageChannel | undefined
  others?: () => boolean
} = {}): VolatileChannel {
  const emitter = new EventEmitter()
  emitter.setMaxListeners(0)
  channel?.subscribe(topic, (said) => {
    const { project, ...message } = said as VolatileMessage & { project: string }
    emitter.emit(project, message)
  })
  return {
    publish: (project, name, payload) => {
      const message: VolatileMessage = { channel: name, payload }
      emitter.emit(project, message)
      if (others()) channel?.publish(topic, { project, ...message })
    },
    subscribe: (project, listener) => {
      emitter.on(project, listener)
      return () => emitter.off(project, listener)
    },
  }
}

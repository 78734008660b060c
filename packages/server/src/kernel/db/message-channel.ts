/**
 * Short messages from each server of a database to all others. They may be dropped and nothing is relied on: whoever waits for one also looks by himself,
 * only later. A server does not hear its own.
 */
export interface MessageChannel {
  /** Returns at once. */
  publish(topic: string, payload?: unknown): void
  /** The topic `reconnected` is said to oneself after messages may have been missed. */
  subscribe(topic: string, listener: (payload: unknown) => void): () => void
  /** Listens from now on; resolves when it does, or when the first try has failed. */
  open(): Promise<void>
  close(): Promise<void>
}

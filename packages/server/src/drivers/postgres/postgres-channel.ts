import { randomUUID } from 'node:crypto'
import pg from 'pg'
import type { MessageChannel } from '../../kernel/db/message-channel.ts'

const name = 'trivium'
/** Messages of so many milliseconds share one notification. */
const gatherMs = 10
/** Postgres takes up to 8000 bytes in one notification. */
const mostBytes = 7800
/** Beyond these many waiting bytes messages are dropped. */
const mostWaiting = 1_000_000
const againMs = 500

/**
 * Messages between the servers of one database by LISTEN and NOTIFY, over one connection that is opened with the first use and again when it is lost.
 * What is sent while there is none is dropped, as are messages too long for a notification.
 */
export function createPostgresChannel(url: string): MessageChannel {
  const me = randomUUID().slice(0, 8)
  const listeners = new Map<string, Set<(payload: unknown) => void>>()
  let client: pg.Client | undefined
  let connecting: Promise<void> | undefined
  let again: NodeJS.Timeout | undefined
  let closed = false
  let waiting: string[] = []
  let waitingBytes = 0
  let timer: NodeJS.Timeout | undefined

  const hear = (text: string | undefined): void => {
    const [from, ...messages] = JSON.parse(text ?? '[]') as [string, ...[string, unknown][]]
    if (from === me) return
    for (const [topic, payload] of messages) for (const listener of listeners.get(topic) ?? []) listener(payload)
  }
  const lost = (): void => {
    client = undefined
    if (closed || again) return
    again = setTimeout(() => {
      again = undefined
      void connect()
    }, againMs)
    again.unref()
  }
  const connect = (): Promise<void> => {
    connecting ??= (async () => {
      const made = new pg.Client({ connectionString: url, keepAlive: true })
      made.on('error', () => {})
      made.on('end', () => {
        if (client === made) lost()
      })
      made.on('notification', ({ payload }) => hear(payload))
      try {
        await made.connect()
        // A message that a crash of the database loses is no loss: nobody waits for the disk.
        await made.query(`set synchronous_commit = off; listen ${name}`)
        if (closed) return await made.end()
        client = made
        // What was said meanwhile was not heard.
        for (const all of listeners.get('reconnected') ?? []) all(undefined)
      } catch {
        await made.end().catch(() => {})
        lost()
      } finally {
        connecting = undefined
      }
    })()
    return connecting
  }
  let said = Promise.resolve()
  const flush = (): void => {
    timer = undefined
    const messages = waiting
    waiting = []
    waitingBytes = 0
    if (!client) return
    let batch: string[] = []
    let size = 0
    const send = (): void => {
      const text = `["${me}",${batch.join(',')}]`
      // One after another: a connection takes the next statement when it has answered the one before.
      if (batch.length > 0)
        said = said
          .then(async () => void (await client?.query('select pg_notify($1, $2)', [name, text])))
          .catch(() => {})
      batch = []
      size = 0
    }
    for (const message of messages) {
      const bytes = Buffer.byteLength(message) + 1
      if (size + bytes > mostBytes) send()
      batch.push(message)
      size += bytes
    }
    send()
  }

  return {
    publish: (topic, payload) => {
      if (closed) return
      if (!client) void connect()
      const text = JSON.stringify([topic, payload ?? null])
      const bytes = Buffer.byteLength(text)
      if (bytes > mostBytes - 20 || waitingBytes + bytes > mostWaiting) return
      // The same word twice says nothing new.
      if (waiting.at(-1) !== text) {
        waiting.push(text)
        waitingBytes += bytes
      }
      timer ??= setTimeout(flush, gatherMs)
    },
    subscribe: (topic, listener) => {
      const all = listeners.get(topic) ?? new Set()
      listeners.set(topic, all.add(listener))
      return () => all.delete(listener)
    },
    open: connect,
    close: async () => {
      closed = true
      clearTimeout(again)
      clearTimeout(timer)
      await connecting?.catch(() => {})
      await client?.end().catch(() => {})
    },
  }
}

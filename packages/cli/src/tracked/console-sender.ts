import { setTimeout as sleep } from 'node:timers/promises'
import { addRunConsole, type RunConsoleLine } from '@trivium/contract'
import { ApiError, type Client } from '@trivium/sdk'

const everyMs = 500
const mostLines = 1000
const mostText = 200_000
/** Characters that wait for a server that does not answer; what is beyond is dropped, and said. */
const mostWaiting = 20_000_000

/** Sends lines to the console of a run in the order in which they come, each once, and never stops the program that writes them. */
export function createConsoleSender(
  { client, project, run }: { client: Client; project: string; run: string },
  { clock, patienceMs = 30_000 }: { clock: () => number; patienceMs?: number },
): {
  add: (stream: RunConsoleLine['stream'], text: string) => void
  /** Sends what waits; undefined when everything arrived, else why not. */
  end: () => Promise<string | undefined>
} {
  const waiting: RunConsoleLine[] = []
  let size = 0
  let dropped = 0
  let next = 0
  let full = false
  let closing: number | undefined
  let problem: string | undefined
  const stop = new AbortController()
  const add = (stream: RunConsoleLine['stream'], text: string): void => {
    if (full) return
    if (size + text.length > mostWaiting) {
      dropped += 1
      return
    }
    if (dropped > 0) {
      const words = `${dropped} lines were not kept, because the server did not answer.`
      waiting.push({ at: clock(), stream: 'system', text: words })
      dropped = 0
    }
    size += text.length
    waiting.push({ at: clock(), stream, text })
  }
  const sendOne = async (): Promise<void> => {
    const lines = batchOf(waiting)
    const answer = await client.call(addRunConsole, { params: { project, run }, body: { first: next, lines } })
    waiting.splice(0, lines.length)
    size -= lines.reduce((sum, line) => sum + line.text.length, 0)
    next += lines.length
    full = answer.full
    if (full) waiting.length = 0
  }
  const work = (async () => {
    for (let failures = 0; ; ) {
      try {
        while (waiting.length > 0) await sendOne()
        failures = 0
        if (closing !== undefined) return
      } catch (error) {
        failures += 1
        problem = error instanceof Error ? error.message : String(error)
        const passing = error instanceof ApiError && (error.status === 0 || error.status === 429 || error.status >= 500)
        if (!passing || (closing !== undefined && clock() - closing > patienceMs)) return
      }
      const signal = closing === undefined ? { signal: stop.signal } : {}
      await sleep(Math.min(everyMs * 2 ** failures, 10_000), undefined, signal).catch(() => undefined)
    }
  })()
  return {
    add,
    end: async () => {
      closing = clock()
      stop.abort()
      await work
      return waiting.length > 0 ? problem : undefined
    },
  }
}

function batchOf(waiting: readonly RunConsoleLine[]): RunConsoleLine[] {
  const lines: RunConsoleLine[] = []
  let size = 0
  for (const line of waiting) {
    size += line.text.length
    if (lines.length > 0 && (lines.length >= mostLines || size > mostText)) break
    lines.push(line)
  }
  return lines
}

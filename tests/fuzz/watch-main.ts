import { Worker } from 'node:worker_threads'
import type { FuzzRequest } from './make-request.ts'

/** Tells a thread of its own what is under way; when the main thread answers nobody any more, that thread says what it was asked last. */
export interface MainWatch {
  began(number: number, request: FuzzRequest): void
  ended(number: number): void
  stop(): Promise<void>
}

// It has no types, because it runs as text: a thread that loads nothing starts at once.
const thread = `
const { parentPort, workerData } = require('node:worker_threads')
const { writeSync } = require('node:fs')
const open = new Map()
let heard = Date.now()
parentPort.on('message', ({ began, ended, text }) => {
  heard = Date.now()
  if (began !== undefined) open.set(began, text)
  if (ended !== undefined) open.delete(ended)
})
setInterval(() => {
  if (Date.now() - heard < workerData.silentMs) return
  writeSync(2, '✗ the main thread answers nobody for ' + workerData.silentMs + ' ms; under way:\\n')
  for (const text of open.values()) writeSync(2, '  ' + text + '\\n')
  process.kill(process.pid, 'SIGKILL')
}, workerData.silentMs / 10)
`

/** Ends the process when its main thread is silent for so long, after telling which requests were under way. */
export function watchMain({ silentMs }: { silentMs: number }): MainWatch {
  const worker = new Worker(thread, { eval: true, execArgv: [], workerData: { silentMs } })
  worker.unref()
  const beat = setInterval(() => worker.postMessage({}), silentMs / 10)
  beat.unref()
  return {
    began: (number, { method, url, headers, payload }) =>
      worker.postMessage({
        began: number,
        text: `${method} ${url}\n  headers ${JSON.stringify(headers)}\n  ${
          payload === undefined
            ? 'no body'
            : `body ${Buffer.from(payload as string)
                .toString()
                .slice(0, 3000)}`
        }`,
      }),
    ended: (number) => worker.postMessage({ ended: number }),
    stop: async () => {
      clearInterval(beat)
      await worker.terminate()
    },
  }
}

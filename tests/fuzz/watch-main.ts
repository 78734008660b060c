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
const { Session } = require('node:inspector')
const open = new Map()
const tell = (head) => writeSync(2, head + '\\n' + [...open.values()].map((text) => '  ' + text + '\\n').join(''))
let heard = Date.now()
let asked = false
parentPort.on('message', ({ began, ended, text }) => {
  heard = Date.now()
  asked = false
  if (began !== undefined) open.set(began, text)
  if (ended !== undefined) open.delete(ended)
})
// Where it is, if it is in code: native work says nothing until it is over.
const askWhere = () => {
  asked = true
  const since = heard
  const session = new Session()
  session.connectToMainThread()
  session.once('Debugger.paused', ({ params }) => {
    const frames = params.callFrames.slice(0, 12).map(({ functionName, url, location }) =>
      '    at ' + (functionName || '(anonymous)') + ' ' + url.replace(/^.*\\/(?=packages|node_modules|tests)/, '') + ':' + (location.lineNumber + 1))
    tell('? the main thread was silent for ' + (Date.now() - since) + ' ms, and then in\\n' + frames.join('\\n') + '\\n  under way:')
    session.post('Debugger.resume')
    session.post('Debugger.disable', () => session.disconnect())
  })
  session.post('Debugger.enable')
  session.post('Debugger.pause')
}
setInterval(() => {
  const silent = Date.now() - heard
  if (silent >= workerData.silentMs / 4 && !asked) askWhere()
  if (silent < workerData.silentMs) return
  tell('✗ the main thread answers nobody for ' + workerData.silentMs + ' ms; under way:')
  process.kill(process.pid, 'SIGKILL')
}, workerData.silentMs / 20)
`

/**
 * Ends the process when its main thread is silent for so long, after telling which requests were under way. After a quarter of that time it tells where the
 * main thread is.
 */
export function watchMain({ silentMs }: { silentMs: number }): MainWatch {
  const worker = new Worker(thread, { eval: true, execArgv: [], workerData: { silentMs } })
  worker.unref()
  const beat = setInterval(() => worker.postMessage({}), silentMs / 20)
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

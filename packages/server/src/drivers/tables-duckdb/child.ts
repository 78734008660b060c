import { mkdirSync, writeFileSync } from 'node:fs'
import { Socket } from 'node:net'
import type { DuckDBConnection } from '@duckdb/node-api'
import { keepCode } from '../../kernel/config/kept-code.ts'
import { callError, isFatal, sentError } from './call-error.ts'
import { createFrameReader, encodeFrame } from './frames.ts'
import type { Call, ChildSettings, FromChild, ToChild } from './messages.ts'
import { createCallRunner } from './run-call.ts'

/**
 * The tables process: reads messages on standard input, answers on file descriptor 3, and ends when main's end of the pipe closes, however main ended.
 */
const interruptEveryMs = 20

const output = new Socket({ fd: 3, readable: false, writable: true })
const running = new Map<number, { cancel: () => void }>()
let runner: ReturnType<typeof createCallRunner>

process.title = 'trivium-tables'
preferAsVictim()
// Signals for the whole process group (Ctrl-C, a service manager) are main's business; this process follows its pipe.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => {})
process.stdin.on(
  'data',
  createFrameReader((message) => receive(message as ToChild)),
)
process.stdin.on('end', endNow)
process.stdin.on('error', endNow)
output.on('error', endNow)

/** An ordinary exit would wait for DuckDB's threads. */
function endNow(): void {
  process.kill(process.pid, 'SIGKILL')
}

/** When memory runs out, the kernel shall end this process and not main. */
function preferAsVictim(): void {
  if (process.platform !== 'linux') return
  try {
    writeFileSync('/proc/self/oom_score_adj', '500')
  } catch (error) {
    process.stderr.write(`oom_score_adj: ${error instanceof Error ? error.message : String(error)}\n`)
  }
}

function send(message: FromChild): void {
  output.write(encodeFrame(message))
}

function receive(message: ToChild): void {
  switch (message.type) {
    case 'settings':
      return start(message.settings)
    case 'cancel':
      return running.get(message.id)?.cancel()
    case 'call':
      void run(message.id, message.call)
  }
}

function start(settings: ChildSettings): void {
  mkdirSync(settings.tempDir, { recursive: true, mode: 0o700 })
  runner = createCallRunner(settings)
  send({ type: 'ready' })
  keepCode()
}

async function run(id: number, call: Call): Promise<void> {
  let connection: DuckDBConnection | undefined
  let cancelled = false
  let interrupts: NodeJS.Timeout | undefined
  running.set(id, {
    cancel: () => {
      cancelled = true
      // Interrupting between two statements has no effect, so it is repeated until the call has ended.
      interrupts ??= setInterval(() => connection?.interrupt(), interruptEveryMs)
      connection?.interrupt()
    },
  })
  try {
    const result = await runner.run(call, {
      id,
      checkpoint: () => {
        if (cancelled) throw callError('CANCELLED', 'interrupted')
      },
      onConnection: (opened) => {
        connection = opened
      },
    })
    send({ type: 'done', id, result, resident: process.memoryUsage.rss() })
  } catch (error) {
    if (error instanceof Error && isFatal(error.message)) runner.drop()
    const resident = process.memoryUsage.rss()
    send(
      cancelled
        ? { type: 'interrupted', id, resident }
        : { type: 'failed', id, error: sentError(error, hiddenPaths(call)), resident },
    )
  } finally {
    clearInterval(interrupts)
    running.delete(id)
  }
}

/** Error messages name what the caller named, not where the server keeps it. */
function hiddenPaths(call: Call): Map<string, string> {
  if (call.kind === 'describe') return new Map([[call.file.path, 'the file']])
  const hidden = new Map<string, string>()
  if (call.kind === 'write') hidden.set(call.output.partial, 'the output')
  for (const [name, relation] of Object.entries(call.query.relations)) {
    for (const file of relation.files) hidden.set(file, `a file of ${name}`)
  }
  return hidden
}

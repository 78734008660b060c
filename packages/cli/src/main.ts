import { buffer } from 'node:stream/consumers'
import { exitCodes } from './fail.ts'
import { readSecret } from './read-secret.ts'
import { run } from './run.ts'
import type { Terminal } from './terminal.ts'

const stopping = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    // The second one means it.
    if (stopping.signal.aborted) process.exit(exitCodes.failed)
    stopping.abort(name)
  })
}
// A reader that has seen enough (head, less) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitCodes.done)
})

const terminal: Terminal = {
  env: process.env,
  cwd: process.cwd(),
  interactive: process.stderr.isTTY === true,
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  secret: () => readSecret(process.stdin, (text) => void process.stderr.write(text)),
  input: () => buffer(process.stdin),
  signal: stopping.signal,
}

process.exitCode = await run(terminal, process.argv.slice(2))
// Signal handlers and idle connections keep nothing alive; what is left to write is written first.
process.stdout.write('', () => process.exit())

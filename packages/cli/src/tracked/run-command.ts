import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import { basename } from 'node:path'
import type { RunConsoleLine } from '@trivium/contract'
import type { Action } from '../command.ts'
import { UsageError } from '../fail.ts'
import { splitLines } from './split-lines.ts'

/** Runs a program in this terminal, line by line handed on as it writes them, and returns its exit code; stops it where the command is stopped. */
export async function runCommand(
  { terminal, options }: Action,
  [program, ...args]: readonly [string, ...string[]],
  add: (stream: RunConsoleLine['stream'], text: string) => void,
  variables: Readonly<Record<string, string>>,
): Promise<number> {
  const child = spawn(program, args, {
    cwd: terminal.cwd,
    env: { ...terminal.env, ...variables },
    stdio: ['inherit', 'pipe', 'pipe'],
  })
  const stop = (): void => void child.kill('SIGTERM')
  terminal.signal.addEventListener('abort', stop)
  const copies = (['stdout', 'stderr'] as const).map((stream) => {
    const lines = splitLines((text) => add(stream, text), Date.now)
    child[stream].on('data', (chunk: Buffer) => {
      if (stream === 'stdout' && !options.json) terminal.out(chunk.toString('utf8'))
      else terminal.err(chunk.toString('utf8'))
      lines.write(chunk)
    })
    return lines
  })
  try {
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
    for (const lines of copies) lines.end()
    if (signal === null) return code ?? 1
    add('system', `${basename(program)} was ended by ${signal}.`)
    return 128 + (constants.signals[signal] ?? 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new UsageError(`There is no program "${program}" here. Check the name, or give its path.`)
    throw error
  } finally {
    terminal.signal.removeEventListener('abort', stop)
  }
}

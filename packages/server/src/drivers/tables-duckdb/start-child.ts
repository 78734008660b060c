import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { keptCode } from '../../kernel/config/kept-code.ts'
import { createFrameReader, encodeFrame } from './frames.ts'
import type { ChildSettings, FromChild, ToChild } from './messages.ts'

const fromSource = import.meta.url.endsWith('.ts')
const childFile = fileURLToPath(new URL(fromSource ? './child.ts' : './child.js', import.meta.url))
const killAfterMs = 2000

/** Its temporary directory begins with this; what is left of a killed main is removed by the next. */
export const childDirPrefix = 'tables-'

export type Child = {
  readonly pid: number | undefined
  send: (message: ToChild) => void
  /** While not held, the child does not keep this process from ending. */
  hold: (held: boolean) => void
  kill: () => void
  /** Closes the pipe, which ends the child. */
  end: () => void
  /** Resolves when the process is gone and its temporary files are removed; the text says how it ended. */
  readonly exited: Promise<string>
}

/** Starts one tables process. It sees nothing of our environment but where compiled code is kept. */
export function startChild(
  settings: Omit<ChildSettings, 'tempDir'>,
  place: { tempDir: string; slots: number },
  onMessage: (message: FromChild) => void,
): Child {
  const tempDir = join(place.tempDir, childDirPrefix + randomBytes(8).toString('hex'))
  const flags = fromSource ? ['--conditions=trivium-source'] : []
  const child = spawn(process.execPath, [...flags, childFile], {
    stdio: ['pipe', 'ignore', 'pipe', 'pipe'],
    env: { TZ: 'UTC', UV_THREADPOOL_SIZE: String(place.slots + 2), ...keptCode() },
  })
  const input = child.stdin as unknown as Socket
  const output = child.stdio[3] as unknown as Socket
  const errors = child.stderr as unknown as Socket
  let lastWords = ''

  errors.on('data', (chunk: Buffer) => {
    lastWords = (lastWords + chunk.toString('utf8')).slice(-2000)
  })
  output.on(
    'data',
    createFrameReader((message) => onMessage(message as FromChild)),
  )
  // A broken pipe shows as the end of the process, which `exited` reports.
  for (const pipe of [input, output, errors]) pipe.on('error', () => {})

  const exited = endOf(child).then(async (how) => {
    // What cannot be removed now is removed by the next start; callers must hear of the end in any case.
    const left = await rm(tempDir, { recursive: true, force: true }).then(
      () => '',
      (error: Error) => error.message,
    )
    return [how, lastWords.trim(), left].filter((part) => part !== '').join(': ')
  })
  const send = (message: ToChild): void => {
    input.write(encodeFrame(message))
  }
  send({ type: 'settings', settings: { ...settings, tempDir } })

  return {
    pid: child.pid,
    send,
    hold: (held) => {
      for (const handle of [child, input, output, errors]) {
        if (held) handle.ref()
        else handle.unref()
      }
    },
    kill: () => child.kill('SIGKILL'),
    end: () => {
      input.end()
      setTimeout(() => child.kill('SIGKILL'), killAfterMs).unref()
    },
    exited,
  }
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`))
  })
}

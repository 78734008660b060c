import { spawn } from 'node:child_process'

/** What one look found. `mend` says what to do where it is not `ok`. */
export interface Finding {
  readonly check: string
  readonly state: 'ok' | 'warning' | 'failed'
  readonly found: string
  readonly mend: string | null
}

export const ok = (check: string, found: string): Finding => ({ check, state: 'ok', found, mend: null })
export const warning = (check: string, found: string, mend: string): Finding => ({
  check,
  state: 'warning',
  found,
  mend,
})
export const failed = (check: string, found: string, mend: string): Finding => ({ check, state: 'failed', found, mend })

/** How a program ended; `code` null when it could not be started or took too long. */
export interface Tried {
  readonly code: number | null
  readonly output: string
}

/** Runs a program and gives it a few seconds: what is there is told by running it, never by looking for files. */
export function tryProgram(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  timeoutMs = 5000,
): Promise<Tried> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { env: { ...env }, stdio: ['ignore', 'pipe', 'pipe'], timeout: timeoutMs })
    let output = ''
    const add = (chunk: Buffer): void => {
      output += chunk.toString('utf8')
    }
    child.stdout.on('data', add)
    child.stderr.on('data', add)
    child.once('error', (error) => resolve({ code: null, output: error.message }))
    child.once('close', (code) => resolve({ code, output: output.trim() }))
  })
}

/** The first line of a text. */
export const firstLine = (text: string): string => text.split('\n')[0]?.trim() ?? ''

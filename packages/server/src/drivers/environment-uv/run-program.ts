import { spawn } from 'node:child_process'

export interface ProgramResult {
  readonly ok: boolean
  readonly stdout: string
  /** Standard output and standard error, as they came. */
  readonly output: string
}

/** Runs a program to its end; a program that does not exist is a result that is not ok. */
export function runProgram(
  command: string,
  args: readonly string[],
  options: {
    env: Readonly<Record<string, string>>
    cwd?: string
    signal?: AbortSignal
    onLine?: (line: string) => void
  },
): Promise<ProgramResult> {
  return new Promise((resolve) => {
    let stdout = ''
    let output = ''
    let open = ''
    const child = spawn(command, args, {
      env: options.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    })
    const take = (text: string): void => {
      output += text
      const lines = (open + text).split('\n')
      open = lines.pop() ?? ''
      for (const line of lines) options.onLine?.(line)
    }
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
      take(text)
    })
    child.stderr.setEncoding('utf8').on('data', take)
    child.on('error', (error) => resolve({ ok: false, stdout, output: output || error.message }))
    child.on('close', (code) => {
      if (open !== '') options.onLine?.(open)
      resolve({ ok: code === 0, stdout, output })
    })
  })
}

/** The last lines of a program's output. */
export function lastWords(output: string): string {
  return output.trim().split('\n').slice(-15).join('\n')
}

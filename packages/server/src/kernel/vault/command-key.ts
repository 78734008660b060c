import { spawn } from 'node:child_process'
import { idOf, type VaultKey } from './vault-key.ts'

const timeoutMs = 10_000
const longestOutput = 65_536
const keptMs = 300_000
const mostKept = 1000

/**
 * A key that a key management service holds. The program is called with one more argument, `wrap` or `unwrap`, and gets on standard input what it is to
 * wrap (a data key in base64) or to unwrap (what it printed before); it prints the result. Unwrapped data keys are kept in memory for five minutes.
 */
export function commandKey(
  command: string,
  {
    env,
    limitMs = timeoutMs,
    now = Date.now,
  }: { env: Readonly<Record<string, string>>; limitMs?: number; now?: () => number },
): VaultKey {
  const kept = new Map<string, { dataKey: Buffer; at: number }>()
  const call = (what: 'wrap' | 'unwrap', input: string): Promise<string> => run(command, what, input, env, limitMs)
  return {
    id: idOf('c', command),
    source: 'command',
    wrap: async (dataKey) => Buffer.from(await call('wrap', dataKey.toString('base64'))).toString('base64url'),
    unwrap: async (wrapped) => {
      const known = kept.get(wrapped)
      if (known && now() - known.at < keptMs) return known.dataKey
      const dataKey = Buffer.from(await call('unwrap', Buffer.from(wrapped, 'base64url').toString()), 'base64')
      if (dataKey.length !== 32) throw new Error(`The vault command "${nameOf(command)}" printed no data key.`)
      if (kept.size >= mostKept) kept.clear()
      kept.set(wrapped, { dataKey, at: now() })
      return dataKey
    },
  }
}

const nameOf = (command: string): string => command.trim().split(/\s+/)[0] ?? ''

function run(
  command: string,
  what: 'wrap' | 'unwrap',
  input: string,
  env: Readonly<Record<string, string>>,
  limitMs: number,
): Promise<string> {
  const [program = '', ...args] = command.trim().split(/\s+/)
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => reject(new Error(`The vault command "${program} … ${what}" ${why}`))
    const child = spawn(program, [...args, what], { env: { ...env }, stdio: ['pipe', 'pipe', 'pipe'] })
    let out = ''
    let said = ''
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      fail(`did not answer within ${limitMs / 1000} s.`)
    }, limitMs)
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString()
      if (out.length <= longestOutput) return
      child.kill('SIGKILL')
      fail('printed more than a key.')
    })
    child.stderr.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-2000)
    })
    // A program that does not read its input ends before it was written.
    child.stdin.on('error', () => {})
    child.once('error', (error) => {
      clearTimeout(timer)
      fail(`could not be started: ${error.message}`)
    })
    child.once('close', (code) => {
      clearTimeout(timer)
      const result = out.trim()
      const why = said.trim().split('\n').at(-1)?.replaceAll(input, '…').slice(0, 300) ?? ''
      if (code !== 0) fail(`ended with ${code ?? 'a signal'}${why === '' ? '.' : `: ${why}`}`)
      else if (result === '') fail('printed nothing.')
      else resolve(result)
    })
    child.stdin.end(input)
  })
}

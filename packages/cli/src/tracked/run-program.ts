import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** What a short program wrote, or undefined where it is not there, ends with another code than these, or takes too long. */
export async function outputOf(
  program: string,
  args: readonly string[],
  {
    cwd,
    env,
    most = 4_000_000,
    codes = [0],
  }: {
    cwd: string
    env: Readonly<Record<string, string | undefined>>
    most?: number
    codes?: readonly number[]
  },
): Promise<string | undefined> {
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'ignore'], timeout: 20_000 })
  const chunks: Buffer[] = []
  let size = 0
  child.stdout.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size <= most) chunks.push(chunk)
    else child.kill()
  })
  try {
    const [code] = (await once(child, 'close')) as [number | null]
    return code !== null && codes.includes(code) ? Buffer.concat(chunks).toString('utf8') : undefined
  } catch {
    return undefined
  }
}

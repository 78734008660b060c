import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { ProbeOptions } from './probe-child.ts'

/** Asks the same for some seconds, one request after the other, and gives the milliseconds of each: in a process of its own, where no large answer to another request holds it up. */
export async function probe(options: ProbeOptions): Promise<number[]> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'probe-child.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  child.stdin.end(JSON.stringify(options))
  const said = await text(child.stdout)
  if (said === '') throw new Error(`The probe of ${options.path} ended without figures.`)
  return JSON.parse(said) as number[]
}

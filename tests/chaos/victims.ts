import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Process id of the gateway that serves a data directory; undefined while there is none. */
export function gatewayPid(data: string): number | undefined {
  try {
    return (JSON.parse(readFileSync(join(data, 'gateway', 'control.json'), 'utf8')) as { pid: number }).pid
  } catch {
    return undefined
  }
}

/** Process ids of the tables processes of one main. */
export function tablesPids(main: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const status = readFileSync(`/proc/${pid}/stat`, 'utf8')
        const parent = Number(status.slice(status.lastIndexOf(')') + 2).split(' ')[1])
        return parent === main && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('trivium-tables')
      } catch {
        return false
      }
    })
}

/** Ends a process without a word; one that has just ended by itself is as good. */
export function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

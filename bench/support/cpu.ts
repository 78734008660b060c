import { readdirSync, readFileSync } from 'node:fs'

/** Linux counts in hundredths of a second. */
const tickMs = 10

/** Milliseconds of processor time that this process has used so far, and that its children have, with theirs; children are not seen but on Linux. */
export function processorTime(): { own: number; children: number } {
  const { user, system } = process.cpuUsage()
  const parents = new Map<number, number>()
  const used = new Map<number, number>()
  for (const name of readProcesses()) {
    const pid = Number(name)
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      parents.set(pid, Number(fields[1]))
      // Its own time, and that of children that have ended.
      used.set(pid, fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) * tickMs)
    } catch {
      // It has ended since.
    }
  }
  const isOurs = (pid: number): boolean => {
    const parent = parents.get(pid)
    return parent !== undefined && (parent === process.pid || isOurs(parent))
  }
  const children = [...used].reduce((sum, [pid, ms]) => sum + (isOurs(pid) ? ms : 0), 0)
  return { own: (user + system) / 1000, children }
}

function readProcesses(): string[] {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  } catch {
    return []
  }
}

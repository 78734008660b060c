import { readdirSync, readFileSync } from 'node:fs'

/** Memory of a process and all that it has started, in MiB. PSS divides what processes share among them. */
export interface Memory {
  readonly processes: number
  readonly rss: number
  readonly pss: number
}

/** Reads /proc; Linux only, as the benchmarks are. */
export function memoryOf(pid: number): Memory {
  const rollups = familyOf(pid).map(({ id }) => readText(`/proc/${id}/smaps_rollup`))
  const sum = (key: string): number =>
    rollups.reduce((all, text) => all + Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0), 0) / 1024
  return { processes: rollups.filter((text) => text !== '').length, rss: sum('Rss'), pss: sum('Pss') }
}

/** Processor time that a process and all that it has started have used so far. */
export function cpuSeconds(pid: number): number {
  // Fields 14 and 15 of the line, in ticks of a hundredth of a second.
  return familyOf(pid).reduce((all, { fields }) => all + (Number(fields[11]) + Number(fields[12])) / 100, 0)
}

/** A process and its descendants; `fields` are those of /proc/PID/stat from the state on. */
function familyOf(pid: number): { id: number; fields: string[] }[] {
  const all = new Map<number, { id: number; fields: string[] }>()
  for (const name of readdirSync('/proc')) {
    const id = Number(name)
    if (!Number.isInteger(id)) continue
    const stat = readText(`/proc/${id}/stat`)
    // The name of a program may hold spaces and parentheses; what follows the last one is regular.
    all.set(id, { id, fields: stat.slice(stat.lastIndexOf(')') + 2).split(' ') })
  }
  const belongs = (id: number): boolean => {
    const one = all.get(id)
    return id === pid || (one !== undefined && belongs(Number(one.fields[1])))
  }
  return [...all.values()].filter(({ id }) => belongs(id))
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

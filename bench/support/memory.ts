import { readdirSync, readFileSync } from 'node:fs'

/** Memory of a process and all that it has started, in MiB. PSS divides what processes share among them. */
export interface Memory {
  readonly processes: number
  readonly rss: number
  readonly pss: number
}

/** Reads /proc; Linux only, as the benchmarks are. */
export function memoryOf(pid: number): Memory {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    const one = Number(name)
    if (!Number.isInteger(one)) continue
    const stat = readText(`/proc/${one}/stat`)
    // The name of a program may hold spaces and parentheses; what follows the last one is regular.
    parents.set(one, Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]))
  }
  const belongs = (one: number | undefined): boolean => one !== undefined && (one === pid || belongs(parents.get(one)))
  const rollups = [...parents.keys()].filter(belongs).map((one) => readText(`/proc/${one}/smaps_rollup`))
  const sum = (key: string): number =>
    rollups.reduce((all, text) => all + Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0), 0) / 1024
  return { processes: rollups.filter((text) => text !== '').length, rss: sum('Rss'), pss: sum('Pss') }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

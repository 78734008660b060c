import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { countConnections } from '@trivium/testing'

/** What one process holds. Memory in MiB. */
export interface ProcessSample {
  readonly kind: string
  readonly pid: number
  readonly rss: number
  /** Memory that is no file's. */
  readonly anonymous: number
  /** The heap of JavaScript at its smallest in the last seconds; 0 where there is none. */
  readonly heap: number
  readonly files: number
  readonly sockets: number
}

/** What everything holds at a moment, in minutes since the start. */
export interface Sample {
  readonly at: number
  readonly processes: readonly ProcessSample[]
  /** Connections to Postgres; 0 on SQLite. */
  readonly connections: number
}

/** Looks at a server and all that it has started; reads /proc, Linux only. */
export async function takeSample(
  { main, reports, databaseUrl }: { main: number; reports: string; databaseUrl: string | undefined },
  began: number,
): Promise<Sample> {
  return {
    at: (Date.now() - began) / 60_000,
    processes: familyOf(main).flatMap(({ pid, command }) => sampleOf(pid, kindOf(pid, main, command), reports)),
    connections: databaseUrl === undefined ? 0 : await countConnections(databaseUrl),
  }
}

function kindOf(pid: number, main: number, command: string): string {
  if (pid === main) return 'main'
  for (const kind of ['gateway', 'tables', 'scorer']) if (command.includes(`trivium-${kind}`)) return kind
  return /python|sandbox|fork_server/.test(command) ? 'python' : 'other'
}

function sampleOf(pid: number, kind: string, reports: string): ProcessSample[] {
  const status = readOr(`/proc/${pid}/status`)
  const kilobytes = (key: string): number => Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0)
  const rss = kilobytes('VmRSS') / 1024
  // It has ended while we looked.
  if (rss === 0) return []
  const open = descriptorsOf(pid)
  const heap = (JSON.parse(readOr(join(reports, `${pid}.json`)) || '{}') as { heap?: number }).heap ?? 0
  return [
    {
      kind,
      pid,
      rss,
      anonymous: kilobytes('RssAnon') / 1024,
      heap: heap / 2 ** 20,
      files: open.length,
      sockets: open.filter((target) => target.startsWith('socket:')).length,
    },
  ]
}

function descriptorsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((name) => {
      try {
        return [readlinkSync(`/proc/${pid}/fd/${name}`)]
      } catch {
        return []
      }
    })
  } catch {
    return []
  }
}

function familyOf(main: number): { pid: number; command: string }[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? readOr(`/proc/${name}/stat`) : ''
    if (stat !== '') parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]))
  }
  const belongs = (pid: number | undefined): boolean => pid !== undefined && (pid === main || belongs(parents.get(pid)))
  return [...parents.keys()]
    .filter(belongs)
    .map((pid) => ({ pid, command: readOr(`/proc/${pid}/cmdline`).replaceAll('\0', ' ') }))
}

function readOr(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

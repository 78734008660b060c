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
  /** Those of the sockets that clients have opened: as many as they want, not as many as the server does. */
  readonly clients: number
  /** How many files of each kind: what they are, with figures and digests left out. */
  readonly openKinds: ReadonlyMap<string, number>
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
  const connections = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((path) => connectionsIn(readOr(path)))
  return {
    at: (Date.now() - began) / 60_000,
    processes: familyOf(main).flatMap(({ pid, command }) =>
      sampleOf(pid, kindOf(pid, main, command), reports, connections),
    ),
    connections: databaseUrl === undefined ? 0 : await countConnections(databaseUrl),
  }
}

function kindOf(pid: number, main: number, command: string): string {
  if (pid === main) return 'main'
  for (const kind of ['gateway', 'tables', 'scorer']) if (command.includes(`trivium-${kind}`)) return kind
  return /python|sandbox|fork_server/.test(command) ? 'python' : 'other'
}

function sampleOf(pid: number, kind: string, reports: string, connections: readonly Connection[]): ProcessSample[] {
  const status = readOr(`/proc/${pid}/status`)
  const kilobytes = (key: string): number => Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0)
  const rss = kilobytes('VmRSS') / 1024
  // It has ended while we looked.
  if (rss === 0) return []
  const open = descriptorsOf(pid)
  const accepted = acceptedBy(open, connections)
  const kindOfFile = (target: string): string =>
    accepted.has(target)
      ? 'connection of a client'
      : target.replace(/:\[\d+\]$/, '').replaceAll(/[0-9a-f]{8,}|\d+/g, '#')
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
      clients: accepted.size,
      openKinds: new Map([...Map.groupBy(open, kindOfFile)].map(([key, some]) => [key, some.length])),
    },
  ]
}

interface Connection {
  /** As /proc/PID/fd names it. */
  readonly socket: string
  readonly port: string
  readonly listens: boolean
}

function connectionsIn(table: string): Connection[] {
  return table
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/)
      return inode === undefined
        ? []
        : [{ socket: `socket:[${inode}]`, port: local.split(':')[1] ?? '', listens: state === '0A' }]
    })
}

/** Which of the open files are connections to a port on which the same process listens. */
function acceptedBy(open: readonly string[], connections: readonly Connection[]): ReadonlySet<string> {
  const sockets = new Set(open)
  const own = connections.filter(({ socket }) => sockets.has(socket))
  const ports = new Set(own.filter(({ listens }) => listens).map(({ port }) => port))
  return new Set(own.filter(({ port, listens }) => !listens && ports.has(port)).map(({ socket }) => socket))
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

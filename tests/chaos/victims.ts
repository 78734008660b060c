import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What may be killed. A program is what the code of a step has started itself. */
export const victimKinds = [
  'main',
  'gateway',
  'tables',
  'scorer',
  'sandbox',
  'fork server',
  'step',
  'program of a step',
] as const
export type VictimKind = (typeof victimKinds)[number]

interface Process {
  readonly pid: number
  readonly parent: number
  readonly command: string
}

/** Process id of the gateway that serves a data directory; undefined while there is none. */
export function gatewayPid(data: string): number | undefined {
  try {
    const { pid } = JSON.parse(readFileSync(join(data, 'gateway', 'control.json'), 'utf8')) as { pid: number }
    // The number of one that has ended may be somebody else's by now.
    return readOr(`/proc/${pid}/cmdline`).includes('trivium-gateway') ? pid : undefined
  } catch {
    return undefined
  }
}

/** The processes of one server that run now, by kind. */
export function victimsOf(main: number, data: string): Map<VictimKind, number[]> {
  const found = new Map<VictimKind, number[]>([['main', [main]]])
  const add = (kind: VictimKind, pid: number): void => void found.set(kind, [...(found.get(kind) ?? []), pid])
  const gateway = gatewayPid(data)
  if (gateway !== undefined) add('gateway', gateway)
  const all = processes()
  const below = (parent: number) => all.filter((one) => one.parent === parent)
  const addSteps = (server: number): void => {
    add('fork server', server)
    for (const step of below(server)) {
      add('step', step.pid)
      for (const program of below(step.pid)) add('program of a step', program.pid)
    }
  }
  for (const { pid, command } of below(main)) {
    if (command.includes('trivium-tables')) add('tables', pid)
    else if (command.includes('trivium-scorer')) add('scorer', pid)
    else if (command.includes('trivium_runner.fork_server') && !command.includes('sandbox')) addSteps(pid)
    else if (command.includes('trivium_runner.sandbox')) {
      add('sandbox', pid)
      for (const server of below(pid)) addSteps(server.pid)
    }
  }
  return found
}

/** Processes of steps that belong to a data directory, whoever their parent is by now: they were told where to put their outputs. */
export function stepProcesses(data: string): number[] {
  return withEnvironment(`TRIVIUM_OUTPUTS=${data}/`)
}

/** Whatever still has to do with a data directory. */
export function processesOf(data: string): string[] {
  const named = processes().filter(({ command }) => command.includes(data))
  return [...new Set([...named.map(({ pid }) => pid), ...withEnvironment(data)])].map(
    (pid) => `${pid} ${named.find((one) => one.pid === pid)?.command ?? ''}`,
  )
}

/** Ends a process without a word; one that has just ended by itself is as good. */
export function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function processes(): Process[] {
  return pids().flatMap((pid) => {
    const status = readOr(`/proc/${pid}/stat`)
    // The name of a program may hold spaces and parentheses; what follows the last one is regular.
    const [state, parent] = status.slice(status.lastIndexOf(')') + 2).split(' ')
    if (state === undefined || state === '' || state === 'Z') return []
    const command = readOr(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')
    return [{ pid, parent: Number(parent), command }]
  })
}

/** Those that were started with these words in their environment; the dead that nobody has waited for have none. */
const withEnvironment = (words: string): number[] =>
  pids().filter((pid) => readOr(`/proc/${pid}/environ`).includes(words))

const pids = (): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)

function readOr(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

import { readFileSync } from 'node:fs'
import { cpus, loadavg, platform, release, totalmem } from 'node:os'

/** What the figures of a run depend on; names of hosts are nobody's business. */
export interface Machine {
  readonly date: string
  readonly cores: number
  readonly processor: string
  readonly memoryGb: number
  readonly system: string
  readonly node: string
  /** Mean number of running processes in the minute before the run. */
  readonly loadBefore: number
}

export function describeMachine(): Machine {
  const [first] = cpus()
  return {
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
    cores: cpus().length,
    processor: first?.model ?? 'unknown',
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${distribution()}, ${platform()} ${release().split('-')[0]}`,
    node: process.versions.node,
    loadBefore: loadavg()[0] ?? 0,
  }
}

function distribution(): string {
  try {
    return /^PRETTY_NAME="?([^"\n]+)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'unknown'
  } catch {
    return 'unknown'
  }
}

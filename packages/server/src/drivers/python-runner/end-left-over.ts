import { readdirSync, readFileSync } from 'node:fs'
import { sep } from 'node:path'

const broker = 'trivium_runner.sandbox import'

/**
 * Ends the processes of steps whose folders lie below `place`, wherever they moved to. Fork server and sandbox do that while they live; this is for when they were
 * killed themselves: what a step had started by then belongs to nobody.
 */
export function endLeftOver(place: string): void {
  if (process.platform !== 'linux') return
  // What is found may be about to start another one.
  for (let rounds = 0; rounds < 5; rounds += 1) {
    const found = processesBelow(place)
    if (found.length === 0) return
    for (const pid of found) end(pid)
  }
}

function processesBelow(place: string): number[] {
  const words = ['HOME', 'TRIVIUM_OUTPUTS'].map((name) => `\0${name}=${place}${sep}`)
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      if (!Number.isInteger(pid) || pid === process.pid) return false
      const environment = read(pid, 'environ')
      // A broker ends by itself when who started it has gone, and what is inside before.
      return words.some((one) => environment.includes(one)) && !read(pid, 'cmdline').includes(broker)
    })
}

/** Nothing for one that has ended, or that belongs to somebody else. */
function read(pid: number, file: 'environ' | 'cmdline'): string {
  try {
    return `\0${readFileSync(`/proc/${pid}/${file}`, 'utf8')}`
  } catch {
    return ''
  }
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended in the meantime.
  }
}

import { readFile } from 'node:fs/promises'

/** Resident memory of a process in bytes; undefined where it has ended or the system does not tell. */
export async function residentMemory(pid: number): Promise<number | undefined> {
  if (pid === process.pid) return process.memoryUsage.rss()
  try {
    const text = await readFile(`/proc/${pid}/status`, 'utf8')
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1]
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024
  } catch {
    return undefined
  }
}

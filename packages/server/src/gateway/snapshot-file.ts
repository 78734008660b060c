import { readFileSync, statSync } from 'node:fs'
import type { GatewaySnapshot } from '../kernel/ports/gateway.ts'

/** Follows the snapshot that main writes: by a nudge of main, and by looking at the file. */
export interface SnapshotFile {
  /** Reads the file if it changed and hands it on; resolves when the snapshot is in effect. */
  readonly sync: () => Promise<void>
  stop(): void
}

const pollMs = 500

export function followSnapshot({
  path,
  apply,
  onGone,
  onError,
}: {
  path: string
  apply: (snapshot: GatewaySnapshot) => Promise<void>
  onGone: () => void
  onError: (error: unknown) => void
}): SnapshotFile {
  let seen = ''
  const sync = async (): Promise<void> => {
    const stat = statSync(path, { throwIfNoEntry: false })
    if (!stat) return onGone()
    const stamp = `${stat.ino}/${stat.mtimeMs}/${stat.size}`
    if (stamp === seen) return
    await apply(JSON.parse(readFileSync(path, 'utf8')) as GatewaySnapshot)
    seen = stamp
  }
  const timer = setInterval(() => void sync().catch(onError), pollMs)
  return { sync, stop: () => clearInterval(timer) }
}

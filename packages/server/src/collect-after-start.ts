import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const startIsOverMs = 2000

/**
 * Collects once what the start has left behind: fifteen to twenty megabytes, which V8 would keep for as long as nobody asks the server for anything, because
 * it collects when it allocates. Returns what calls it off.
 */
export function collectAfterStart(): () => void {
  const timer = setTimeout(() => {
    setFlagsFromString('--expose-gc')
    const gc = runInNewContext('gc') as NonNullable<typeof globalThis.gc>
    void gc({ type: 'major', execution: 'async' })
  }, startIsOverMs)
  timer.unref()
  return () => clearTimeout(timer)
}

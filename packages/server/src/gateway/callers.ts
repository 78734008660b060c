import type { GatewayCaller } from '../kernel/ports/gateway.ts'

/** More are not told apart: whoever comes after them is not on the list until the gateway starts again. */
const mostCallers = 10_000

/** Counts who was answered by which release, in memory. */
export interface CallerCounter {
  add(answered: { principal: string; release: string; predictions: number; now: number }): void
  read(): Omit<GatewayCaller, 'project' | 'deployment'>[]
}

type Counted = { -readonly [Key in keyof Omit<GatewayCaller, 'project' | 'deployment'>]: GatewayCaller[Key] }

export function createCallerCounter(): CallerCounter {
  const releases = new Map<string, Map<string, Counted>>()
  let size = 0
  return {
    add: ({ principal, release, predictions, now }) => {
      let callers = releases.get(release)
      if (!callers) {
        callers = new Map()
        releases.set(release, callers)
      }
      const known = callers.get(principal)
      if (known) {
        known.requests += 1
        known.predictions += predictions
        known.lastAt = now
      } else if (size < mostCallers) {
        size += 1
        callers.set(principal, { release, principal, requests: 1, predictions, firstAt: now, lastAt: now })
      }
    },
    read: () => [...releases.values()].flatMap((callers) => [...callers.values()].map((one) => ({ ...one }))),
  }
}

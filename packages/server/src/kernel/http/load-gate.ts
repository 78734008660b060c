import type { RouteLoad } from '@trivium/contract'
import { defineErrors } from '../errors/index.ts'

export const overloadErrors = defineErrors('HTTP', {
  OVERLOADED: {
    status: 503,
    message: (why: string, seconds: number) =>
      `The server has too much to do: ${why}. Nothing of this request was done; try again in ${seconds} s.`,
    details: (_why: string, seconds: number) => ({ retryAfter: seconds }),
  },
})

export const loadClasses = ['vital', 'log', 'normal', 'heavy', 'upload'] as const
/** What a route says of itself, and uploads, which are known by taking bytes. */
export type LoadClass = RouteLoad | 'upload'

/** How many requests of a class may be under way, and how many more may wait for one of them to end. */
export interface LoadLimit {
  readonly atOnce: number
  readonly waiting: number
}

/** What the server takes on. Each class has room of its own, so that none uses up that of another. */
export const loadLimits: Readonly<Record<LoadClass, LoadLimit>> = {
  vital: { atOnce: 512, waiting: 2048 },
  log: { atOnce: 256, waiting: 4096 },
  normal: { atOnce: 256, waiting: 1024 },
  heavy: { atOnce: 24, waiting: 256 },
  upload: { atOnce: 64, waiting: 256 },
}

/** Lateness of the main thread from which a class is refused while there is much to do. */
const tooLateMs: Readonly<Record<LoadClass, number>> = {
  vital: Number.POSITIVE_INFINITY,
  log: Number.POSITIVE_INFINITY,
  normal: 4000,
  heavy: 1500,
  upload: 1500,
}
/** Below this nobody is refused: something else makes the thread late, and refusing would not help. */
const muchToDo = 32
const longestWaitMs = 30_000

/** Lets requests in by class; each that was let in says when it has ended. */
export interface LoadGate {
  /** Resolves with what is to be called at the end, when there is room; throws HTTP.OVERLOADED when there is none and too many wait. */
  enter(load: LoadClass): Promise<() => void>
  /** Requests by class: under way, waiting, refused since the start. */
  state(): readonly { load: LoadClass; running: number; waiting: number; refused: number }[]
  stop(): void
}

interface Waiting {
  readonly begin: () => void
  readonly refuse: (error: Error) => void
  readonly timer: NodeJS.Timeout
}

/** `lateness` says by how many milliseconds the main thread is late. */
export function createLoadGate({
  limits = loadLimits,
  lateness = measureLateness(),
}: {
  limits?: Readonly<Record<LoadClass, LoadLimit>>
  lateness?: { now(): number; stop(): void }
} = {}): LoadGate {
  const gates = new Map(
    loadClasses.map((load) => [load, { running: 0, refused: 0, waiting: new Set<Waiting>() }] as const),
  )
  const gateOf = (load: LoadClass) => gates.get(load) as { running: number; refused: number; waiting: Set<Waiting> }
  const refusal = (load: LoadClass, why: string, seconds: number): Error => {
    gateOf(load).refused += 1
    return overloadErrors.OVERLOADED(why, seconds)
  }
  const leave = (load: LoadClass): (() => void) => {
    let left = false
    return () => {
      if (left) return
      left = true
      const gate = gateOf(load)
      gate.running -= 1
      const [next] = gate.waiting
      if (!next || gate.running >= limits[load].atOnce) return
      gate.waiting.delete(next)
      clearTimeout(next.timer)
      gate.running += 1
      next.begin()
    }
  }
  return {
    enter: async (load) => {
      const gate = gateOf(load)
      const late = lateness.now()
      if (late > tooLateMs[load] && [...gates.values()].reduce((sum, one) => sum + one.running, 0) >= muchToDo)
        throw refusal(load, `it is ${(late / 1000).toFixed(1)} s late`, Math.max(2, Math.ceil(late / 1000)))
      if (gate.running < limits[load].atOnce) {
        gate.running += 1
        return leave(load)
      }
      const { atOnce, waiting } = limits[load]
      if (gate.waiting.size >= waiting)
        throw refusal(load, `${atOnce} requests like this one run and ${waiting} wait`, 5)
      await new Promise<void>((begin, refuse) => {
        const one: Waiting = {
          begin,
          refuse,
          timer: setTimeout(() => {
            gate.waiting.delete(one)
            refuse(refusal(load, `this request waited ${longestWaitMs / 1000} s for ${atOnce} like it`, 10))
          }, longestWaitMs),
        }
        one.timer.unref()
        gate.waiting.add(one)
      })
      return leave(load)
    },
    state: () =>
      loadClasses.map((load) => {
        const { running, waiting, refused } = gateOf(load)
        return { load, running, waiting: waiting.size, refused }
      }),
    stop: () => {
      lateness.stop()
      for (const { waiting } of gates.values()) for (const one of waiting) clearTimeout(one.timer)
    },
  }
}

const everyMs = 500

/** How late a timer fires, evened out over a few seconds; and how long it has been overdue by now. */
function measureLateness(): { now(): number; stop(): void } {
  let even = 0
  let due = performance.now() + everyMs
  const timer = setInterval(() => {
    const late = Math.max(0, performance.now() - due)
    even = even * 0.6 + late * 0.4
    due = performance.now() + everyMs
  }, everyMs)
  timer.unref()
  return { now: () => even, stop: () => clearInterval(timer) }
}

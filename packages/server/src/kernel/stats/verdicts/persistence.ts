/** What one window said. `end` is its end in event time (milliseconds); `unknown` is a window that cannot be judged. */
export interface WindowVerdict {
  readonly end: number
  readonly verdict: 'clear' | 'breach' | 'severe' | 'unknown'
}

/** When to open and when to resolve. The gap between both is the hysteresis that keeps an alert from flapping. */
export interface PersistencePolicy {
  /** Breaches that open, within the last `outOf` windows that could be judged. */
  readonly needed: number
  readonly outOf: number
  /** Clear windows in a row that resolve. */
  readonly clearNeeded: number
  /** True when one severe window opens at once. */
  readonly severeOpens: boolean
  /** Windows that ended longer than this before the newest (milliseconds) no longer count. */
  readonly maxAge: number
}

/** Two of the last three windows open, two clear ones in a row resolve, a severe one opens at once. */
export const defaultPersistence: PersistencePolicy = {
  needed: 2,
  outOf: 3,
  clearNeeded: 2,
  severeOpens: true,
  maxAge: Number.POSITIVE_INFINITY,
}

/** The memory of one alert rule as plain JSON: its phase, the window that last changed it, and the windows that still count. */
export interface PersistenceState {
  readonly phase: 'quiet' | 'open'
  readonly changedAt: number | null
  readonly windows: readonly WindowVerdict[]
}

/** What to do after a window: open the alert, resolve it, or leave things as they are. */
export type PersistenceAction = 'open' | 'hold' | 'resolve'

/** The state before any window. */
export const initialPersistence: PersistenceState = { phase: 'quiet', changedAt: null, windows: [] }

/** Judged windows after the last change, newest last; a window that led to a change does not count towards the next. */
function counting({ windows, changedAt }: PersistenceState): WindowVerdict[] {
  return windows.filter(({ end, verdict }) => verdict !== 'unknown' && (changedAt === null || end > changedAt))
}

function actionFor(state: PersistenceState, policy: PersistencePolicy): PersistenceAction {
  const judged = counting(state)
  if (state.phase === 'open') {
    const last = judged.slice(-policy.clearNeeded)
    const clear = last.length === policy.clearNeeded && last.every(({ verdict }) => verdict === 'clear')
    return clear ? 'resolve' : 'hold'
  }
  const recent = judged.slice(-policy.outOf)
  if (policy.severeOpens && recent.at(-1)?.verdict === 'severe') return 'open'
  const breaches = recent.filter(({ verdict }) => verdict !== 'clear').length
  return breaches >= policy.needed ? 'open' : 'hold'
}

/**
 * Takes one window into account. Windows may come late or again: one with the same end replaces the earlier verdict,
 * and only event time orders them. Windows that ended at or before the last change alter nothing.
 */
export function advancePersistence(
  state: PersistenceState,
  window: WindowVerdict,
  policy: PersistencePolicy = defaultPersistence,
): { readonly state: PersistenceState; readonly action: PersistenceAction } {
  const all = [...state.windows.filter(({ end }) => end !== window.end), window].sort((a, b) => a.end - b.end)
  const newest = (all.at(-1) as WindowVerdict).end
  const fresh = all.filter(({ end }) => newest - end <= policy.maxAge)
  const judged = fresh.filter(({ verdict }) => verdict !== 'unknown')
  const oldest = judged.at(-Math.max(policy.outOf, policy.clearNeeded))?.end ?? Number.NEGATIVE_INFINITY
  const next: PersistenceState = { ...state, windows: fresh.filter(({ end }) => end >= oldest) }
  const action = actionFor(next, policy)
  if (action === 'hold') return { state: next, action }
  const changedAt = (counting(next).at(-1) as WindowVerdict).end
  return { state: { ...next, phase: action === 'open' ? 'open' : 'quiet', changedAt }, action }
}

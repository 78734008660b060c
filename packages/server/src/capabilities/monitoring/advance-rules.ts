import type { FeatureDrift, MetricResult, WindowVerdict } from '@trivium/contract'
import {
  advancePersistence,
  initialPersistence,
  type PersistencePolicy,
  type PersistenceState,
} from '../../kernel/stats/index.ts'

export type RuleStates = Record<string, PersistenceState>

/** What one window changed among the rules of a kind (features, or metrics). */
export interface Advanced<R> {
  readonly states: RuleStates
  /** The results with `open` as it is after this window. */
  readonly results: R[]
  readonly opened: R[]
  /** Rules that were open already and that this window, when it is first judged, speaks against as well. */
  readonly persisting: R[]
  readonly resolved: R[]
}

/** Takes a window's verdicts into the memory of their rules. A window that comes again replaces its earlier word; what opened once does not open again until it was resolved. */
export function advanceRules<R extends { verdict: WindowVerdict; open: boolean }>(
  before: RuleStates,
  results: readonly R[],
  { nameOf, end, policy }: { nameOf: (result: R) => string; end: number; policy: PersistencePolicy },
): Advanced<R> {
  const states = { ...before }
  const advanced: { states: RuleStates; results: R[]; opened: R[]; persisting: R[]; resolved: R[] } = {
    states,
    results: [],
    opened: [],
    persisting: [],
    resolved: [],
  }
  for (const result of results) {
    const name = nameOf(result)
    const earlier = states[name] ?? initialPersistence
    const { state, action } = advancePersistence(earlier, { end, verdict: result.verdict }, policy)
    states[name] = state
    const after = { ...result, open: state.phase === 'open' }
    advanced.results.push(after)
    if (action === 'open') advanced.opened.push(after)
    else if (after.open && breachingEnds(state).includes(end) && !breachingEnds(earlier).includes(end))
      advanced.persisting.push(after)
    if (action === 'resolve') advanced.resolved.push(after)
  }
  return advanced
}

/** The ends of the windows that speak against a rule now, oldest first. */
export function breachingEnds(state: PersistenceState | undefined): number[] {
  return (state?.windows ?? [])
    .filter(({ verdict }) => verdict === 'breach' || verdict === 'severe')
    .map(({ end }) => end)
}

/** Names of the rules that are open. */
export const openRules = (states: RuleStates): string[] =>
  Object.entries(states)
    .filter(([, { phase }]) => phase === 'open')
    .map(([name]) => name)

export const featureName = ({ feature }: FeatureDrift): string => feature
export const metricName = ({ metric }: MetricResult): string => metric

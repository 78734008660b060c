import type { MonitorState, MonitorSummary, WindowVerdict } from '@trivium/contract'
import type { StateKind } from '../../ui/state.tsx'
import type { VerdictWord } from '../../ui/verdict.tsx'

const kinds: Record<MonitorState, StateKind> = {
  waiting: 'none',
  'in-range': 'ok',
  drifted: 'warn',
  degraded: 'bad',
  'cannot-judge': 'none',
}

/** The glyph of a monitor or of one of its windows. */
export function monitorKind(state: MonitorState): StateKind {
  return kinds[state]
}

const words: Record<MonitorState, string> = {
  waiting: 'waiting for a window',
  'in-range': 'in range',
  drifted: 'drifted',
  degraded: 'degraded',
  'cannot-judge': 'cannot judge yet',
}

/** The state in a word; a drifted monitor says how many features. */
export function monitorWord(monitor: Pick<MonitorSummary, 'state' | 'driftedFeatures' | 'features'>): string {
  if (monitor.state === 'drifted' && monitor.driftedFeatures.length > 0)
    return `${monitor.driftedFeatures.length} of ${monitor.features} features drifted`
  return words[monitor.state]
}

/** The word of one window. */
export function windowWord(state: MonitorState): string {
  return words[state]
}

const verdicts: Record<WindowVerdict, VerdictWord> = {
  clear: 'in range',
  breach: 'out of range',
  severe: 'out of range',
  unknown: 'cannot judge yet',
}

/** What is said about one feature or metric of a window. */
export function verdictWord(verdict: WindowVerdict): VerdictWord {
  return verdicts[verdict]
}

/** Whether somebody should look at it. */
export function needsAttention({ state }: Pick<MonitorSummary, 'state'>): boolean {
  return state === 'drifted' || state === 'degraded'
}

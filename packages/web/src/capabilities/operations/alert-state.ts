import type { Alert, AlertUsefulness } from '@trivium/contract'
import type { StateKind } from '../../ui/state.tsx'

/** Where an alert stands; an acknowledged one is open still. */
export function alertState(alert: Pick<Alert, 'state' | 'kind'>): { kind: StateKind; word: string } {
  if (alert.state === 'resolved') return { kind: 'ok', word: 'resolved' }
  const kind = alert.kind === 'performance' ? 'bad' : 'warn'
  return alert.state === 'acknowledged' ? { kind, word: 'open, acknowledged' } : { kind, word: 'open' }
}

/** What somebody said about it afterwards. */
export const usefulnessWords: Record<AlertUsefulness, string> = {
  useful: 'useful',
  noise: 'noise',
  'too-early': 'too early to say',
}

/** The glyph of such an answer. */
export const usefulnessKinds: Record<AlertUsefulness, StateKind> = { useful: 'ok', noise: 'idle', 'too-early': 'none' }

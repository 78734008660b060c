import type { TraceSpan, TraceState } from '@trivium/contract'
import type { StateKind } from '../../ui/state.tsx'

/** How a trace went, as pages print it. */
export function traceState(state: TraceState): { kind: StateKind; word: string } {
  if (state === 'OK') return { kind: 'ok', word: 'answered' }
  if (state === 'ERROR') return { kind: 'bad', word: 'failed' }
  return state === 'IN_PROGRESS' ? { kind: 'run', word: 'running' } : { kind: 'none', word: 'not known' }
}

export function spanState(status: TraceSpan['status']): StateKind {
  return status === 'ERROR' ? 'bad' : status === 'OK' ? 'ok' : 'idle'
}

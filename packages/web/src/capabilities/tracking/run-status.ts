import type { RunStatus } from '@trivium/contract'
import type { StateKind } from '../../ui/state.tsx'

const states: Record<RunStatus, { kind: StateKind; word: string }> = {
  RUNNING: { kind: 'run', word: 'running' },
  SCHEDULED: { kind: 'idle', word: 'scheduled' },
  FINISHED: { kind: 'ok', word: 'finished' },
  FAILED: { kind: 'bad', word: 'failed' },
  KILLED: { kind: 'idle', word: 'stopped' },
}

/** Where a run stands. */
export function runStatus({ status }: { readonly status: RunStatus }): { kind: StateKind; word: string } {
  return states[status]
}

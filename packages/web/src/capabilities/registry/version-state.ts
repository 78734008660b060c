import type { ModelVersionRow } from '@trivium/contract'
import type { StateKind } from '../../ui/state.tsx'

/** Where a version stands: gate, approval, what is missing. */
export function versionState(version: ModelVersionRow): { kind: StateKind; word: string } {
  if (version.state === 'failed') return { kind: 'bad', word: 'upload failed' }
  if (version.state === 'pending') return { kind: 'run', word: 'being uploaded' }
  if (version.gate === 'failed') return { kind: 'bad', word: 'blocked by the gate' }
  if (version.approval === 'declined') return { kind: 'bad', word: 'declined' }
  if (version.approval === 'waiting') return { kind: 'person', word: 'waiting for approval' }
  if (version.missing.length > 0) return { kind: 'idle', word: 'candidate' }
  if (version.approval === 'approved') return { kind: 'ok', word: 'approved' }
  return version.gate === 'passed' ? { kind: 'ok', word: 'gate passed' } : { kind: 'ok', word: 'ready' }
}

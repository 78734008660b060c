import type { DeploymentSummary } from '@trivium/contract'
import type { StateKind } from '../../ui/state.tsx'

/** Where a deployment stands. */
export function deploymentState(deployment: DeploymentSummary): { kind: StateKind; word: string } {
  if (deployment.state === 'retired') return { kind: 'idle', word: 'retired' }
  if (deployment.state === 'failed') return { kind: 'bad', word: 'cannot serve' }
  if (deployment.state === 'starting') return { kind: 'run', word: 'starting' }
  return { kind: 'ok', word: deployment.current ? `serving v${deployment.current.manifest.version}` : 'ready' }
}

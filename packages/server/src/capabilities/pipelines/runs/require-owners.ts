import type { PipelineStep } from '@trivium/contract'
import { parseUrn } from '../../../kernel/ids/index.ts'
import type { Scope } from '../../../kernel/principal/index.ts'
import { stepErrors } from '../errors.ts'
import type { Engine, ResolvedInput } from './engine.ts'

/** Refuses datasets that nobody answers for. What a `features` step makes has the owners of its source. */
export async function requireOwners(
  { datasets }: Pick<Engine, 'datasets'>,
  scope: Scope,
  step: PipelineStep,
  inputs: readonly ResolvedInput[],
): Promise<void> {
  for (const { name, artifact } of inputs) {
    const parts = artifact.urn === undefined ? undefined : parseUrn(artifact.urn)
    if (parts?.kind !== 'dataset') continue
    const { owners } = await datasets.get(scope, parts.id)
    if (owners === null) throw stepErrors.NO_OWNERS(step.name, name, parts.id)
  }
}

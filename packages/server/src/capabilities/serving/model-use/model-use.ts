import type { ModelCandidate, ModelHandOver, ReleaseCycles } from '@trivium/contract'
import type { Kernel } from '../../../kernel/kernel.ts'
import type { Scope } from '../../../kernel/principal/index.ts'
import type { Outcomes } from '../../outcomes/index.ts'
import type { Registry } from '../../registry/index.ts'
import { listCandidates } from './candidates.ts'
import { readHandOver } from './hand-over.ts'
import type { Callers } from './keep-callers.ts'
import { readCycles } from './release-cycles.ts'

export type ModelUseDeps = Pick<Kernel, 'db' | 'blobs'> & {
  readonly registry: Pick<Registry, 'model' | 'version' | 'versionRow' | 'reasons' | 'milestones'>
  readonly outcomes: Pick<Outcomes, 'list' | 'get'>
  readonly callers: Pick<Callers, 'read'>
}

/** What became of the versions of a model: where they run, who calls them, which were not chosen, how long it took. */
export interface ModelUse {
  /** Of the version asked for, else of the champion, else of the newest. */
  handOver(scope: Scope, model: string, version: number | undefined): Promise<ModelHandOver>
  candidates(
    scope: Scope,
    model: string,
    page: { limit: number; token: string | undefined },
  ): Promise<{ candidates: ModelCandidate[]; nextPageToken: string | null }>
  /** Of a model, or of all of the project. */
  cycles(scope: Scope, model: string | undefined): Promise<ReleaseCycles>
}

export function createModelUse(deps: ModelUseDeps): ModelUse {
  return {
    handOver: (scope, model, version) => readHandOver(deps, scope, model, version),
    candidates: (scope, model, page) => listCandidates(deps, scope, model, page),
    cycles: (scope, model) => readCycles(deps, scope, model),
  }
}

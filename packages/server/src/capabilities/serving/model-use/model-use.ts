import type { ModelCandidate, ModelHandOver, ProductionTime, ReleaseCycles, ReleaseHandOvers } from '@trivium/contract'
import type { Kernel } from '../../../kernel/kernel.ts'
import type { Scope } from '../../../kernel/principal/index.ts'
import type { Outcomes } from '../../outcomes/index.ts'
import type { Registry } from '../../registry/index.ts'
import { collectDecisions } from './custody/collect-decisions.ts'
import { readHandOvers } from './custody/hand-overs.ts'
import { readProductionTime } from './custody/production-time.ts'
import { listCandidates } from './candidates.ts'
import { readHandOver } from './hand-over.ts'
import type { Callers } from './keep-callers.ts'
import { readCycles } from './release-cycles.ts'

export type ModelUseDeps = Pick<Kernel, 'db' | 'blobs' | 'clock' | 'metrics'> & {
  readonly registry: Pick<Registry, 'model' | 'version' | 'versionRow' | 'reasons' | 'milestones' | 'acts'>
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
  /** Who had the versions of a model, or of all of the project, and where they lay. */
  handOvers(scope: Scope, model: string | undefined): Promise<ReleaseHandOvers>
  /** How much of people's recorded work is about production. */
  productionTime(scope: Scope, days: number): Promise<ProductionTime>
}

export function createModelUse(deps: ModelUseDeps): ModelUse {
  collectDecisions(deps)
  return {
    handOver: (scope, model, version) => readHandOver(deps, scope, model, version),
    candidates: (scope, model, page) => listCandidates(deps, scope, model, page),
    cycles: (scope, model) => readCycles(deps, scope, model),
    handOvers: (scope, model) => readHandOvers(deps, scope, model),
    productionTime: (scope, days) => readProductionTime(deps, scope, days),
  }
}

import type { ReleaseCycles, VersionCycle } from '@trivium/contract'
import type { Scope } from '../../../kernel/principal/index.ts'
import type { VersionMilestones } from '../../registry/index.ts'
import { cycleStages } from './cycle-stages.ts'
import { type ModelMove, movesToModels } from './model-moves.ts'
import type { ModelUseDeps } from './model-use.ts'

const mostVersions = 1000
const mostModels = 200
const mostShown = 200

/** How long the newest versions of a project, or of a model, took from one place to the next, and what waits now. */
export async function readCycles(
  { db, registry }: ModelUseDeps,
  scope: Scope,
  model: string | undefined,
): Promise<ReleaseCycles> {
  const found = await registry.milestones(scope, { model, limit: mostVersions + 1 })
  const milestones = found.slice(0, mostVersions)
  const names = [...new Set(milestones.map((one) => one.model))]
  const moves = Map.groupBy(await movesToModels(db.read, db.dialect, scope.project, names), (move) => move.model)
  const versions = milestones.map((one) => cycleOf(one, moves.get(one.model) ?? []))
  const waiting = versions
    .filter((one) => one.waitingFor !== null)
    .toSorted((a, b) => (a.waitingSince ?? 0) - (b.waitingSince ?? 0))
  return {
    model: model ?? null,
    versionsRead: versions.length,
    more: found.length > mostVersions,
    stages: cycleStages(versions),
    models: model === undefined ? byModel(versions) : [],
    waiting: waiting.slice(0, mostShown),
    versions: versions.slice(0, mostShown),
  }
}

/** Models by how many of the versions are theirs. */
function byModel(versions: readonly VersionCycle[]): ReleaseCycles['models'] {
  return [...Map.groupBy(versions, (one) => one.model)]
    .map(([model, own]) => ({ model, versions: own.length, stages: cycleStages(own) }))
    .toSorted((a, b) => b.versions - a.versions || (a.model < b.model ? -1 : 1))
    .slice(0, mostModels)
}

function cycleOf(one: VersionMilestones, moves: readonly ModelMove[]): VersionCycle {
  const own = moves.filter((move) => move.version === one.version)
  const ends = [...Map.groupBy(own, (move) => move.deployment).values()].map((each) => each.at(-1)?.until ?? null)
  const deployedAt = own[0]?.at ?? null
  const newestUsed = Math.max(0, ...moves.map((move) => move.version))
  const waits =
    deployedAt !== null || one.version < newestUsed
      ? null
      : one.approval === 'waiting'
        ? ('approval' as const)
        : one.approval === 'approved'
          ? ('deployment' as const)
          : null
  return {
    model: one.model,
    version: one.version,
    registeredAt: one.registeredAt,
    askedAt: one.askedAt,
    approvedAt: one.approvedAt,
    declinedAt: one.declinedAt,
    deployedAt,
    replacedAt:
      ends.length > 0 && ends.every((end) => end !== null) ? Math.max(...ends.filter((end) => end !== null)) : null,
    waitingFor: waits,
    waitingSince: waits === 'approval' ? one.askedAt : waits === 'deployment' ? one.approvedAt : null,
  }
}

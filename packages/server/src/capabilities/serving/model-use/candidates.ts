import type { ModelCandidate } from '@trivium/contract'
import type { Scope } from '../../../kernel/principal/index.ts'
import { offsetOf, pageTokenOf, trackingErrors } from '../../tracking/index.ts'
import type { VersionReasons } from '../../registry/index.ts'
import type { ModelUseDeps } from './model-use.ts'
import { movesToModels } from './model-moves.ts'

/** Versions of a model that were neither champion nor deployed, newest first, with why. A page may hold fewer than asked for. */
export async function listCandidates(
  { db, registry }: ModelUseDeps,
  scope: Scope,
  model: string,
  { limit, token }: { limit: number; token: string | undefined },
): Promise<{ candidates: ModelCandidate[]; nextPageToken: string | null }> {
  const below = token === undefined ? undefined : versionBelow(model, token)
  const found = await registry.reasons(scope, model, { below, limit: limit + 1 })
  const rows = found.slice(0, limit)
  const deployed = new Map<number, number>()
  for (const move of await movesToModels(db.read, db.dialect, scope.project, [model]))
    if (!deployed.has(move.version)) deployed.set(move.version, move.at)
  const { aliases } = await registry.model(scope, model)
  const champion = aliases.find(({ alias }) => alias === 'champion')?.version
  const used = new Set([...deployed.keys(), ...(champion === undefined ? [] : [champion])])
  for (const row of found) if (row.wasChampion) used.add(row.version)
  const last = rows.at(-1)
  return {
    candidates: rows.flatMap((row) => (used.has(row.version) ? [] : [candidateOf(row, used, champion)])),
    nextPageToken: found.length > limit && last ? pageTokenOf(last.version, ['candidates', model]) : null,
  }
}

function versionBelow(model: string, token: string): number {
  const version = offsetOf(token, ['candidates', model])
  if (version < 1) throw trackingErrors.BAD_PAGE_TOKEN()
  return version
}

function candidateOf(row: VersionReasons, used: ReadonlySet<number>, champion: number | undefined): ModelCandidate {
  const { version, urn, registeredAt, registeredBy } = row
  const later = [...used].filter((one) => one > version).toSorted((a, b) => a - b)[0]
  const reasons: ModelCandidate['reasons'] = [
    ...row.reasons,
    ...(row.approval === 'waiting' ? [{ kind: 'review' as const, text: 'It waits for a decision.', at: null }] : []),
    ...(later === undefined
      ? []
      : [
          {
            kind: 'later-version' as const,
            text: `v${later}, which came after it, ${later === champion ? 'is champion' : 'was chosen'}.`,
            at: null,
          },
        ]),
  ]
  return { version, urn, registeredAt, registeredBy, outcome: outcomeOf(row, later !== undefined), reasons }
}

function outcomeOf({ approval, gate, reasons }: VersionReasons, replaced: boolean): ModelCandidate['outcome'] {
  if (approval === 'declined') return 'declined'
  if (gate === 'failed' && approval !== 'approved') return 'rejected'
  if (replaced) return 'superseded'
  if (approval !== null || gate !== null || reasons.length > 0) return 'open'
  return 'unjudged'
}

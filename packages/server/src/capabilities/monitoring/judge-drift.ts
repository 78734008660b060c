import type { WindowDrift } from '@trivium/contract'
import type { Relation, TableColumn, TableEngine } from '../../kernel/ports/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { sqlName } from '../../kernel/tables/column-sql.ts'
import { countWindows, profileRelation } from '../../kernel/tables/profile-relation.ts'
import type { ColumnCounts } from '../../kernel/tables/profile.ts'
import { compareFeatures, windowVerdict } from './compare-features.ts'
import type { ModelFacts, ModelVersionName, Reference } from './model-facts.ts'
import type { DriftSettings } from './policies.ts'
import type { MonitorReleaseTable } from './tables.ts'
import { countingProfile, planFeatures, valueColumns } from './watched-features.ts'

/** What a release is compared with: what it was compared with before, else what the policy says; undefined where no training data are known. */
export async function driftReference(
  facts: ModelFacts,
  scope: Scope,
  drift: DriftSettings,
  release: ModelVersionName,
  state: MonitorReleaseTable | undefined,
): Promise<Reference | undefined> {
  if (state?.reference) return JSON.parse(state.reference) as Reference
  return drift.reference === 'auto' ? facts.training(scope, release) : facts.dataset(scope, drift.reference)
}

/** The cohort's columns `f0`, `f1`, …: by the reference, or all values as they are while there is none. */
export function cohortFeatures(
  drift: DriftSettings,
  reference: Reference | undefined,
  log: readonly TableColumn[],
): { sql: string }[] {
  if (reference) return [...planFeatures(reference.profile, log, drift.features).watched]
  return ownFeatures(drift, log).map(({ sql }) => ({ sql }))
}

function ownFeatures(
  drift: DriftSettings,
  log: readonly TableColumn[],
): { feature: string; sql: string; type: TableColumn['type'] }[] {
  const wanted =
    drift.features === 'all' ? undefined : new Set(drift.features.map((name) => name.replace(/^(input|feature)\./, '')))
  return [...valueColumns(log)]
    .filter(([feature]) => wanted?.has(feature) ?? true)
    .map(([feature, { name, type }]) => ({ feature, sql: sqlName(name), type }))
}

/** Compares the cohort of a window with the reference, feature by feature; without a reference a window with enough rows becomes it. */
export async function judgeDrift(
  tables: TableEngine,
  cohort: Relation,
  {
    drift,
    reference,
    log,
    rows,
    own,
  }: { drift: DriftSettings; reference: Reference | undefined; log: readonly TableColumn[]; rows: number; own: string },
): Promise<{ drift: WindowDrift; counts: Record<string, ColumnCounts> | null; reference: Reference | null }> {
  const nothing = { verdict: 'unknown' as const, tests: 0, q: drift.q, features: [] }
  if (!reference) {
    const few = `No training data are known for this release, and ${rows.toLocaleString('en-GB')} rows are too few to be the reference.`
    if (rows < drift.minRows)
      return { drift: { ...nothing, reason: few, reference: null }, counts: null, reference: null }
    const features = ownFeatures(drift, log)
    const profile = await profileRelation(tables, {
      relation: cohort,
      columns: features.map(({ type }, index) => ({ name: `f${index}`, type })),
    })
    const named = {
      ...profile,
      columns: profile.columns.map((column, index) => ({ ...column, name: features[index]?.feature ?? column.name })),
    }
    const reason = 'No training data are known for this release: this window, its first, is the reference.'
    return {
      drift: { ...nothing, reason, reference: { urn: own, rows } },
      counts: null,
      reference: { urn: own, profile: named },
    }
  }
  const { watched, missing } = planFeatures(reference.profile, log, drift.features)
  const about = { urn: reference.urn, rows: reference.profile.rows }
  if (watched.length === 0 && missing.length === 0) {
    const reason = `No input or feature of the predictions is a column of the reference. The reference has: ${reference.profile.columns.map(({ name }) => name).join(', ')}.`
    return { drift: { ...nothing, reason, reference: about }, counts: null, reference }
  }
  const [window] = await countWindows(tables, {
    profile: countingProfile(reference.profile, watched),
    relation: cohort,
  })
  const pairs = watched.flatMap((feature, index) => {
    const current = window?.columns[index]
    return current ? [{ feature, current }] : []
  })
  const features = [
    ...compareFeatures(pairs, drift),
    ...missing.map(({ feature, reason }) => ({
      feature,
      column: feature,
      kind: 'numeric' as const,
      measure: drift.numericMeasure,
      effect: null,
      pValue: null,
      q: null,
      minEffect: drift.minEffect.numeric,
      rows: 0,
      nulls: 0,
      verdict: 'unknown' as const,
      reason,
      open: false,
      change: null,
    })),
  ]
  const verdict = windowVerdict(features)
  return {
    drift: {
      verdict,
      reason: verdict === 'unknown' ? (features[0]?.reason ?? null) : null,
      reference: about,
      tests: features.filter(({ q }) => q !== null).length,
      q: drift.q,
      features,
    },
    counts: Object.fromEntries(
      pairs.map(({ feature, current }) => [feature.feature, { ...current, name: feature.feature }]),
    ),
    reference,
  }
}

import type { CacheVerdict, Evidence, EventRef } from '@trivium/contract'
import { urn } from '../../../kernel/ids/index.ts'
import type { Artifact } from '../../../kernel/ports/index.ts'
import type { Engine } from '../runs/engine.ts'
import type { PipelineCacheTable } from '../tables.ts'
import { cacheKey, type KeyPart } from './cache-key.ts'
import { compareKeys, nearestKey, sentenceOf } from './explain-miss.ts'

/** What a step made, as the cache keeps it and a hit gives it back. */
export interface KeptResult {
  readonly outputs: Readonly<Record<string, Artifact>>
  readonly verdict: { readonly passed: boolean; readonly reason: string } | null
  readonly refs: readonly EventRef[]
  readonly evidence: readonly Evidence[]
}

const comparedWithLast = 20

/** Looks a key up; the answer says why in every case. An entry whose content is gone is dropped and counts as a miss. */
export async function lookUp(
  { db, blobs }: Pick<Engine, 'db' | 'blobs'>,
  { project, pipeline, step, parts }: { project: string; pipeline: string; step: string; parts: readonly KeyPart[] },
): Promise<{ verdict: CacheVerdict; hit?: KeptResult }> {
  const key = cacheKey(parts)
  const runOf = (row: PipelineCacheTable) => ({
    id: row.run_id,
    urn: urn(project, 'pipeline-run', row.run_id),
    at: row.created_at,
  })
  const row = await db.read
    .selectFrom('pipeline_cache')
    .selectAll()
    .where('project_id', '=', project)
    .where('key', '=', key)
    .executeTakeFirst()
  if (row) {
    const kept = resultOf(row)
    const missing = await missingContent(blobs, project, kept.outputs)
    const components = compareKeys(parts, parts)
    if (missing === undefined) {
      return {
        verdict: {
          outcome: 'hit',
          reason: `Everything that the step depends on is as in ${row.run_id}.`,
          key,
          run: runOf(row),
          components,
        },
        hit: kept,
      }
    }
    await db.write
      .transaction()
      .execute((trx) =>
        trx.deleteFrom('pipeline_cache').where('project_id', '=', project).where('key', '=', key).execute(),
      )
    return {
      verdict: {
        outcome: 'miss',
        reason: `Output "${missing}" of the earlier result is no longer stored.`,
        key,
        run: runOf(row),
        components,
      },
    }
  }
  const before = db.read
    .selectFrom('pipeline_cache')
    .selectAll()
    .where('project_id', '=', project)
    .where('step', '=', step)
    .orderBy('created_at', 'desc')
    .limit(comparedWithLast)
  const own = await before.where('pipeline', '=', pipeline).execute()
  // What this pipeline took from another's results so far was made by a step of that one.
  const earlier = own.length > 0 ? own : await before.execute()
  const nearest = nearestKey(
    parts,
    earlier.map((entry) => ({ entry, parts: JSON.parse(entry.components) as KeyPart[] })),
  )
  if (!nearest) {
    const components = parts.map(({ part, value }) => ({ part, before: null, after: value, changed: true, detail: [] }))
    return { verdict: { outcome: 'miss', reason: 'This step has no earlier result.', key, run: null, components } }
  }
  return {
    verdict: {
      outcome: 'miss',
      reason: sentenceOf(nearest.components),
      key,
      run: runOf(nearest.entry.entry),
      components: nearest.components,
    },
  }
}

function resultOf(row: PipelineCacheTable): KeptResult {
  return {
    outputs: JSON.parse(row.outputs) as Record<string, Artifact>,
    verdict: row.verdict === null ? null : (JSON.parse(row.verdict) as KeptResult['verdict']),
    refs: JSON.parse(row.refs) as EventRef[],
    evidence: JSON.parse(row.evidence) as Evidence[],
  }
}

/** The name of an output whose content is not in the object store any more. Entities look after their own content. */
async function missingContent(
  blobs: Engine['blobs'],
  project: string,
  outputs: Readonly<Record<string, Artifact>>,
): Promise<string | undefined> {
  for (const [name, artifact] of Object.entries(outputs)) {
    for (const { digest } of contentOf(artifact)) if (!(await blobs.has(project, digest))) return name
  }
  return undefined
}

/** The blobs that an artifact consists of. */
export function contentOf(artifact: Artifact): { digest: string; size: number }[] {
  if (artifact.kind === 'value' || artifact.kind === 'evidence') return []
  if (isManifest(artifact.value)) return Object.values(artifact.value)
  return artifact.urn === undefined ? [{ digest: artifact.digest, size: artifact.size ?? 0 }] : []
}

/** Whether the value of an artifact is the manifest of a directory. */
export function isManifest(value: unknown): value is Record<string, { digest: string; size: number }> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every(
      (entry) =>
        typeof entry === 'object' && entry !== null && typeof (entry as { digest?: unknown }).digest === 'string',
    )
  )
}

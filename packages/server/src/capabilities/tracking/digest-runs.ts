import { createHash } from 'node:crypto'
import { canonicalRun, canonicalSeries, type ImportedRun } from '@trivium/contract'
import { createMetricReads } from './archive/metric-reads.ts'
import { isElsewhere, metricPlaces } from './archive/metric-places.ts'
import type { ArchiveDeps } from './archive/read-archived.ts'

/** Counts of a run and the digest of its canonical content, as it is stored. */
export interface RunDigest {
  readonly run: string
  readonly params: number
  readonly tags: number
  readonly points: number
  readonly digest: string
}

const module = new URL(`digest-runs-thread${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)
const pointsAtOnce = 50_000

/** Reads runs with all their points, wherever they are, and digests them; what is not there is left out. */
export async function runDigests(deps: ArchiveDeps, project: string, runs: readonly string[]): Promise<RunDigest[]> {
  const bytes = await deps.db.offload({ module, name: 'runDigestBytes', input: { project, runs } })
  if (isElsewhere(bytes)) return digestArchived(deps, project, runs)
  return (JSON.parse(Buffer.from(bytes).toString()) as { runs: RunDigest[] }).runs
}

async function digestArchived(deps: ArchiveDeps, project: string, runs: readonly string[]): Promise<RunDigest[]> {
  const { db } = deps
  const reads = createMetricReads(deps)
  const bytes = await db.offload({ module, name: 'importedRunBytes', input: { project, runs } })
  const digests: RunDigest[] = []
  for (const run of JSON.parse(Buffer.from(bytes).toString()) as ImportedRun[]) {
    const hash = createHash('sha256').update(canonicalRun(run))
    let points = 0
    for (const { key, count } of await metricPlaces(db.read, { project, runs: [run.id] })) {
      const list = await pointsOf(reads, { project, run: run.id, key })
      if (list.length !== count) throw new Error(`The count of metric "${key}" of run ${run.id} is wrong.`)
      points += list.length
      hash.update(canonicalSeries(key, list))
    }
    const [params, tags] = [Object.keys(run.params).length, Object.keys(run.tags).length]
    digests.push({ run: run.id, params, tags, points, digest: hash.digest('hex') })
  }
  return digests
}

/** All points of a metric by (step, timestamp, value). */
async function pointsOf(
  reads: ReturnType<typeof createMetricReads>,
  metric: { project: string; run: string; key: string },
): Promise<[step: number, timestamp: number, value: number | null][]> {
  const rows = []
  for (let offset = 0; ; offset += pointsAtOnce) {
    const page = await reads.history({ ...metric, limit: pointsAtOnce, offset })
    rows.push(...page.rows)
    if (!page.more) break
  }
  return rows
    .toSorted((a, b) => a.step - b.step || a.timestamp - b.timestamp || a.value - b.value || a.is_nan - b.is_nan)
    .map((row) => [row.step, row.timestamp, row.is_nan === 1 ? null : row.value])
}

import type { Evidence } from '@trivium/contract'
import { asReader, type Reader, type Trx } from '../../kernel/db/index.ts'
import { digestOf } from '../../kernel/ids/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { registryErrors } from './errors.ts'
import type { RegistryDeps } from './models.ts'
import { requireVersion, versionUrn } from './read-models.ts'
import type { ModelEvidenceTable } from './tables.ts'

/** Builds a record whose digest is that of its data. */
export function makeEvidence(record: Omit<Evidence, 'digest'>): Evidence {
  return { ...record, digest: digestOf(record.data) }
}

/**
 * Attaches a record to a version, for ever: nothing changes or removes it. The same record again adds nothing. Its digest has to be that of its data.
 * Returns whether it was new; event `model-version.evidence-attached`.
 */
export async function attachEvidence(
  { clock, events }: Pick<RegistryDeps, 'clock' | 'events'>,
  trx: Trx,
  scope: Scope,
  model: string,
  version: number,
  evidence: Evidence,
): Promise<boolean> {
  const { project } = scope
  if (digestOf(evidence.data) !== evidence.digest) throw registryErrors.EVIDENCE_DIGEST(evidence.kind)
  await requireVersion(asReader(trx), project, model, version)
  // Holds the version, so that positions come one after another.
  await trx
    .updateTable('model_version')
    .set({ updated_at: clock() })
    .where('project_id', '=', project)
    .where('model', '=', model)
    .where('version', '=', version)
    .execute()
  const top = await trx
    .selectFrom('model_evidence')
    .select((e) => e.fn.max('position').as('position'))
    .where('project_id', '=', project)
    .where('model', '=', model)
    .where('version', '=', version)
    .executeTakeFirst()
  const recordDigest = digestOf(evidence)
  const inserted = await trx
    .insertInto('model_evidence')
    .values({
      project_id: project,
      model,
      version,
      position: (top?.position ?? 0) + 1,
      kind: evidence.kind,
      verdict: evidence.verdict,
      digest: evidence.digest,
      record_digest: recordDigest,
      record: JSON.stringify(evidence),
      at: clock(),
    })
    .onConflict((c) => c.columns(['project_id', 'model', 'version', 'record_digest']).doNothing())
    .returning('position')
    .executeTakeFirst()
  if (!inserted) return false
  await events.append(trx, {
    project,
    name: 'model-version.evidence-attached',
    schema: 1,
    by: scope.principal.id,
    subject: versionUrn(project, model, version),
    refs: evidence.subjects
      .filter((subject) => subject.startsWith('trivium://') && subject !== versionUrn(project, model, version))
      .map((subject) => ({ rel: 'input' as const, urn: subject, as: `${evidence.kind}-evidence` })),
    data: {
      model,
      version,
      kind: evidence.kind,
      verdict: evidence.verdict,
      digest: recordDigest,
      position: inserted.position,
      fact: `${evidence.kind} ${evidence.verdict}`,
    },
  })
  return true
}

/** Positions of a version's evidence that is no longer what was attached. */
export function brokenEvidence(
  rows: readonly Pick<ModelEvidenceTable, 'position' | 'record' | 'record_digest' | 'digest' | 'kind' | 'verdict'>[],
): number[] {
  return rows.filter((row) => !isWhole(row)).map((row) => row.position)
}

function isWhole(row: Pick<ModelEvidenceTable, 'record' | 'record_digest' | 'digest' | 'kind' | 'verdict'>): boolean {
  try {
    const record = JSON.parse(row.record) as Evidence
    return (
      digestOf(record) === row.record_digest &&
      digestOf(record.data) === row.digest &&
      record.digest === row.digest &&
      record.kind === row.kind &&
      record.verdict === row.verdict
    )
  } catch {
    return false
  }
}

const pageSize = 500

/** Reads all evidence again and recomputes its digests. Returns what is broken, oldest first. */
export async function verifyAllEvidence(
  db: Reader,
  signal?: AbortSignal,
): Promise<{ checked: number; broken: { project: string; model: string; version: number; position: number }[] }> {
  const broken: { project: string; model: string; version: number; position: number }[] = []
  let checked = 0
  for (let offset = 0; ; offset += pageSize) {
    const rows = await db
      .selectFrom('model_evidence')
      .selectAll()
      .orderBy('at')
      .orderBy('project_id')
      .orderBy('model')
      .orderBy('version')
      .orderBy('position')
      .limit(pageSize)
      .offset(offset)
      .execute()
    for (const row of rows)
      if (!isWhole(row))
        broken.push({ project: row.project_id, model: row.model, version: row.version, position: row.position })
    checked += rows.length
    if (rows.length < pageSize || signal?.aborted) return { checked, broken }
    // Others get their turn between pages.
    await new Promise((resolve) => setImmediate(resolve))
  }
}

import type { EntityRef, Erasure, ErasureLook, ErasureRemainder, SubjectFinding } from '@trivium/contract'
import type { Reader } from '../../kernel/db/index.ts'
import { refOf } from './affected-models.ts'
import './tables.ts'

/** Erasures, newest first; without a project those of all. */
export async function listErasures(
  db: Reader,
  query: { project?: string; keyId?: string; before?: string; limit?: number },
): Promise<Erasure[]> {
  let rows = db
    .selectFrom('erasure')
    .leftJoin('principal', 'principal.id', 'erasure.erased_by')
    .selectAll('erasure')
    .select('principal.name as by_name')
    .orderBy('erasure.id', 'desc')
    .limit(query.limit ?? 100)
  if (query.project !== undefined) rows = rows.where('erasure.project_id', '=', query.project)
  if (query.keyId !== undefined) rows = rows.where('erasure.key_id', '=', query.keyId)
  if (query.before !== undefined) rows = rows.where('erasure.id', '<', query.before)
  return (await rows.execute()).map((row) => ({
    id: row.id,
    project: row.project_id,
    subject: row.key_id,
    fingerprint: row.fingerprint,
    state: row.state,
    reason: row.reason,
    at: row.erased_at,
    byName: row.by_name ?? row.erased_by,
    finishedAt: row.finished_at,
    found: JSON.parse(row.found) as SubjectFinding[],
    changed: JSON.parse(row.changed) as SubjectFinding[],
    models: madeOf(row.models).filter(({ kind }) => kind === 'model'),
    artifacts: madeOf(row.models).filter(({ kind }) => kind !== 'model'),
    looked: JSON.parse(row.looked ?? '[]') as ErasureLook[],
    left: JSON.parse(row.left_over ?? '[]') as ErasureRemainder[],
    marks: row.marks,
    error: row.error,
  }))
}

const madeOf = (urns: string): EntityRef[] => (JSON.parse(urns) as string[]).map(refOf)

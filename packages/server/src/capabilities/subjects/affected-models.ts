import type { EntityRef } from '@trivium/contract'
import type { Reader } from '../../kernel/db/index.ts'
import { parseUrn } from '../../kernel/ids/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import type { Lineage } from '../lineage/index.ts'

/** As many as a person reads. */
const most = 100
const mostRuns = 500
/** What comes after these was not made of the rows: a model was judged by them, a window counted them, a later run was caused by an alert. */
const ends = [
  'model',
  'evaluation',
  'release',
  'deployment',
  'monitor',
  'window',
  'alert',
  'inbox',
  'prediction',
] as const

/** Versions of models that were made of what holds a person's rows, by the lineage graph. */
export async function affectedModels(
  lineage: Pick<Lineage, 'downstream'>,
  scope: Scope,
  urns: readonly string[],
): Promise<{ models: EntityRef[]; more: boolean }> {
  if (urns.length === 0) return { models: [], more: false }
  const reached = await lineage.downstream(scope, urns, { ends, wanted: ['model'], limit: most + 1 })
  // The model itself is no version; it learned nothing.
  const versions = reached.filter((urn) => parseUrn(urn)?.version !== undefined).toSorted()
  return { models: versions.slice(0, most).map(refOf), more: versions.length > most }
}

/** Runs that hold files and were made with what holds a person's rows: nobody can look into what code of people wrote. */
export async function affectedFiles(
  db: Reader,
  lineage: Pick<Lineage, 'downstream'>,
  scope: Scope,
  urns: readonly string[],
): Promise<EntityRef[]> {
  if (urns.length === 0) return []
  const runs = await lineage.downstream(scope, urns, { ends, wanted: ['run', 'pipeline-run'], limit: mostRuns })
  if (runs.length === 0) return []
  const holding = await db
    .selectFrom('blob_ref')
    .select('owner')
    .distinct()
    .where('project_id', '=', scope.project)
    .where('owner', 'in', runs)
    .execute()
  return holding
    .map(({ owner }) => owner)
    .toSorted()
    .slice(0, most)
    .map(refOf)
}

/** A reference to what a URN names. */
export function refOf(urn: string): EntityRef {
  const parts = parseUrn(urn)
  return {
    urn,
    kind: parts?.kind ?? '',
    name: parts?.id ?? urn,
    ...(parts?.version === undefined ? {} : { version: parts.version }),
  }
}

import type { Reader, Trx } from '../../kernel/db/index.ts'
import './tables.ts'

interface OfVersion {
  project: string
  dataset: string
  version: number
}

/** Writes down how many rows of erased people a version holds; said again it is written once. */
export async function noteRedactions(
  trx: Trx,
  { project, dataset, version }: OfVersion,
  rows: ReadonlyMap<string, number>,
  /** What is written is the count of the whole version, not of rows that came. */
  whole = false,
): Promise<void> {
  for (const [key_id, count] of rows)
    await trx
      .insertInto('dataset_redaction')
      .values({ project_id: project, dataset, version, key_id, rows: count })
      .onConflict((c) =>
        c
          .columns(['project_id', 'dataset', 'version', 'key_id'])
          .doUpdateSet((e) => ({ rows: whole ? e.val(count) : e('dataset_redaction.rows', '+', count) })),
      )
      .execute()
}

/** A version that appends holds the rows of the one before. */
export async function copyRedactions(
  trx: Trx,
  { project, dataset, from, to }: { project: string; dataset: string; from: number; to: number },
): Promise<void> {
  const rows = await trx
    .selectFrom('dataset_redaction')
    .select(['key_id', 'rows'])
    .where('project_id', '=', project)
    .where('dataset', '=', dataset)
    .where('version', '=', from)
    .execute()
  await noteRedactions(trx, { project, dataset, version: to }, new Map(rows.map((row) => [row.key_id, row.rows])))
}

/** People who were erased, and their rows, by `DATASET@VERSION`. */
export async function redactionsOf(
  db: Reader,
  project: string,
  versions: readonly { dataset: string; version: number }[],
): Promise<ReadonlyMap<string, { people: number; rows: number }>> {
  if (versions.length === 0) return new Map()
  const rows = await db
    .selectFrom('dataset_redaction')
    .select((e) => ['dataset', 'version', e.fn.countAll<number>().as('people'), e.fn.sum<number>('rows').as('rows')])
    .where('project_id', '=', project)
    .where('dataset', 'in', [...new Set(versions.map(({ dataset }) => dataset))])
    .where('version', 'in', [...new Set(versions.map(({ version }) => version))])
    .groupBy(['dataset', 'version'])
    .execute()
  return new Map(
    rows.map((row) => [`${row.dataset}@${row.version}`, { people: Number(row.people), rows: Number(row.rows) }]),
  )
}

import type { Kernel } from '../../kernel/kernel.ts'
import type { Relation } from '../../kernel/ports/index.ts'
import { sqlName } from '../../kernel/tables/column-sql.ts'
import { labelRelation } from './read-relations.ts'
import { subjectOfLabels } from './seal-labels.ts'

type Deps = Pick<Kernel, 'db' | 'blobs' | 'tables' | 'subjects' | 'clock'>
interface Place {
  readonly project: string
  readonly deployment: string
}

/** Whose a label is until its prediction says so: it is sealed with a key of its own, which goes when the person of the prediction does. No person is called so. */
export const waitingSubject = (deployment: string, prediction: string): string =>
  `\u0002label/${deployment}/${prediction}`

/** The ids of the keys that labels of these predictions are sealed with, which came before them. */
export async function waitingKeys(
  { subjects }: Pick<Deps, 'subjects'>,
  { project, deployment }: Place,
  predictions: readonly string[],
): Promise<string[]> {
  const found = await subjects.known(
    project,
    predictions.map((id) => waitingSubject(deployment, id)),
  )
  return [...found.values()].map(({ id }) => id)
}

/** Of these predictions those that have sealed labels. */
export async function withSealedLabels(
  { tables }: Pick<Deps, 'tables'>,
  labels: Relation,
  predictions: Relation,
  where: string,
  params: readonly (string | number)[],
): Promise<string[]> {
  if (labels.files.length === 0) return []
  const { rows } = await tables.query({
    sql: `select distinct prediction_id from labels where starts_with("text", chr(1) || 'sbj_') and prediction_id in (select id from predictions where ${where})`,
    relations: { labels, predictions },
    params: [...params],
    trusted: true,
    maxRows: 1_000_000,
  })
  return rows.map(([id]) => String(id))
}

/** Predictions of people who are erased already have come: labels that waited for them are erased too. */
export async function forgetWaiting(deps: Deps, place: Place, predictions: Relation): Promise<void> {
  const { db, tables, subjects, clock } = deps
  const { project, deployment } = place
  if ((await subjects.counts(db.read, project)).erased === 0) return
  const column = await subjectOfLabels(deps, project, deployment, predictions.columns ?? [])
  if (column === undefined) return
  const labels = await labelRelation(deps, project, deployment)
  const ids = await withSealedLabels(deps, labels, predictions, 'true', [])
  if (ids.length === 0) return
  const { rows } = await tables.query({
    sql: `select id, ${sqlName(column)}::varchar from predictions where list_contains(string_split($1, chr(31)), id)`,
    relations: { predictions },
    params: [ids.join('\u001f')],
    trusted: true,
    maxRows: 1_000_000,
  })
  const people = await subjects.known(
    project,
    rows.map(([, subject]) => String(subject)),
  )
  const gone = rows.flatMap(([id, subject]) => (people.get(String(subject))?.sealed === null ? [String(id)] : []))
  const keys = await waitingKeys(deps, place, gone)
  if (keys.length > 0) await db.write.transaction().execute((trx) => subjects.eraseAgain(trx, project, keys, clock()))
}

import { anchorOf, findsAnchors, type PassageAnchor, type ReportComment, reportPassages } from '@trivium/contract'
import { asReader, type Reader } from '../../kernel/db/index.ts'
import { newId } from '../../kernel/ids/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { reportErrors } from './errors.ts'
import { readReport, reportUrn, requireReport } from './read-reports.ts'
import type { ReportDeps } from './reports.ts'
import type { ReportCommentTable } from './tables.ts'

const mostComments = 1000
const mostQuoted = 400

type Deps = Pick<ReportDeps, 'db' | 'clock' | 'events'>

/** What was said of a report, the oldest first. */
export async function listComments({ db }: Pick<Deps, 'db'>, scope: Scope, report: string): Promise<ReportComment[]> {
  await requireReport(db.read, scope.project, report)
  const rows = await db.read
    .selectFrom('report_comment')
    .selectAll()
    .where('project_id', '=', scope.project)
    .where('report_id', '=', report)
    .orderBy('said_at')
    .orderBy('id')
    .execute()
  const placeOf = await newestPlaces(db.read, scope.project, report, rows)
  return rows.map((row) => commentOf(scope, row, placeOf))
}

/** Says something of a report's newest version; event `report.commented`. */
export async function addComment(
  { db, clock, events }: Deps,
  scope: Scope,
  report: string,
  text: string,
  about?: { readonly version: number; readonly passage: number },
): Promise<ReportComment> {
  const { project, principal } = scope
  const anchor = about && (await anchorAt(db.read, project, report, about))
  const row = await db.write.transaction().execute(async (trx) => {
    const { version } = await requireReport(asReader(trx), project, report)
    const { count } = await trx
      .selectFrom('report_comment')
      .select((e) => e.fn.countAll<number>().as('count'))
      .where('project_id', '=', project)
      .where('report_id', '=', report)
      .executeTakeFirstOrThrow()
    if (Number(count) >= mostComments) throw reportErrors.TOO_MANY_COMMENTS(mostComments)
    const row: ReportCommentTable = {
      project_id: project,
      id: newId('rcm'),
      report_id: report,
      text,
      version: about?.version ?? version,
      anchor: anchor ? JSON.stringify(anchor) : null,
      said_at: clock(),
      said_by: principal.id,
      said_by_name: principal.name,
      resolved_at: null,
      resolved_by_name: null,
    }
    await trx.insertInto('report_comment').values(row).execute()
    await events.append(trx, {
      project,
      name: 'report.commented',
      schema: 1,
      by: principal.id,
      subject: reportUrn(project, report),
      refs: [],
      data: { comment: row.id, version },
    })
    return row
  })
  return commentOf(scope, row, await newestPlaces(db.read, project, report, [row]))
}

/** Marks a comment as resolved, or opens it again; event `report.comment-resolved` or `report.comment-reopened`. */
export async function resolveComment(
  { db, clock, events }: Deps,
  scope: Scope,
  { report, comment, resolved }: { report: string; comment: string; resolved: boolean },
): Promise<ReportComment> {
  const { project, principal } = scope
  const row = await db.write.transaction().execute(async (trx) => {
    const found = await trx
      .selectFrom('report_comment')
      .selectAll()
      .where('project_id', '=', project)
      .where('id', '=', comment)
      .where('report_id', '=', report)
      .executeTakeFirst()
    if (!found) throw reportErrors.COMMENT_NOT_FOUND(comment)
    if ((found.resolved_at !== null) === resolved) return found
    const change = resolved
      ? { resolved_at: clock(), resolved_by_name: principal.name }
      : { resolved_at: null, resolved_by_name: null }
    await trx
      .updateTable('report_comment')
      .set(change)
      .where('project_id', '=', project)
      .where('id', '=', comment)
      .execute()
    await events.append(trx, {
      project,
      name: resolved ? 'report.comment-resolved' : 'report.comment-reopened',
      schema: 1,
      by: principal.id,
      subject: reportUrn(project, report),
      refs: [],
      data: { comment },
    })
    return { ...found, ...change }
  })
  return commentOf(scope, row, await newestPlaces(db.read, project, report, [row]))
}

/** Throws where the version has no such passage. */
async function anchorAt(
  db: Reader,
  project: string,
  report: string,
  { version, passage }: { readonly version: number; readonly passage: number },
): Promise<PassageAnchor> {
  const { text } = await readReport(db, project, report, version)
  const anchor = anchorOf(reportPassages(text), passage)
  if (!anchor) throw reportErrors.NO_PASSAGE(version, passage)
  return anchor
}

type PlaceOf = (anchor: PassageAnchor) => number | undefined

/** Finds passages in the newest version, which is not read where no comment is about one. */
async function newestPlaces(
  db: Reader,
  project: string,
  report: string,
  rows: readonly ReportCommentTable[],
): Promise<PlaceOf> {
  if (!rows.some(({ anchor }) => anchor)) return () => undefined
  return findsAnchors(reportPassages((await readReport(db, project, report)).text))
}

function commentOf({ principal }: Scope, row: ReportCommentTable, placeOf: PlaceOf): ReportComment {
  const anchor = row.anchor ? (JSON.parse(row.anchor) as PassageAnchor) : undefined
  return {
    id: row.id,
    text: row.text,
    version: row.version,
    byName: row.said_by_name,
    mine: row.said_by === principal.id,
    at: row.said_at,
    resolvedAt: row.resolved_at,
    resolvedByName: row.resolved_by_name,
    about: anchor
      ? {
          quote: anchor.text.slice(0, mostQuoted),
          panel: anchor.panel,
          place: placeOf(anchor) ?? null,
        }
      : null,
  }
}

import type { Report, ReportSummary, ReportVersion } from '@trivium/contract'
import type { Reader } from '../../kernel/db/index.ts'
import { parseUrn, urn } from '../../kernel/ids/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { reportErrors } from './errors.ts'
import { findMentions } from './mentions.ts'
import type { ReportDeps } from './reports.ts'
import type { ReportTable } from './tables.ts'
import './tables.ts'

/** The name of a report in the graph. */
export const reportUrn = (project: string, id: string): string => urn(project, 'report', id)

/** A report's row, or NOT_FOUND. */
export async function requireReport(db: Reader, project: string, id: string): Promise<ReportTable> {
  const row = await db
    .selectFrom('report')
    .selectAll()
    .where('project_id', '=', project)
    .where('id', '=', id)
    .executeTakeFirst()
  if (!row) throw reportErrors.NOT_FOUND(id)
  return row
}

/** Reports by their last change, or those that name a thing (a URN with a version: that one, without: any). */
export async function listReports(
  { db }: Pick<ReportDeps, 'db'>,
  { project }: Scope,
  { mentions, limit, token }: { mentions?: string; limit: number; token?: string },
): Promise<{ reports: ReportSummary[]; nextPageToken: string | null }> {
  let query = db.read
    .selectFrom('report')
    .selectAll()
    .where('project_id', '=', project)
    .orderBy('updated_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit + 1)
  const thing = mentions === undefined ? undefined : parseUrn(mentions)
  if (mentions !== undefined && thing?.project !== project) return { reports: [], nextPageToken: null }
  if (thing) {
    const name = urn(thing.project, thing.kind, thing.id)
    query = query.where('id', 'in', (e) => {
      const named = e
        .selectFrom('report_mention')
        .select('report_id')
        .where('project_id', '=', project)
        .where('thing', '=', name)
      return thing.version === undefined ? named : named.where('version', '=', thing.version)
    })
  }
  const after = placeOf(token)
  if (after)
    query = query.where((e) =>
      e.or([e('updated_at', '<', after[0]), e.and([e('updated_at', '=', after[0]), e('id', '<', String(after[1]))])]),
    )
  const rows = await query.execute()
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  return {
    reports: await summaries(db.read, project, shown),
    nextPageToken: rows.length > limit && last ? tokenOf(last.updated_at, last.id) : null,
  }
}

async function summaries(db: Reader, project: string, rows: readonly ReportTable[]): Promise<ReportSummary[]> {
  if (rows.length === 0) return []
  const open = await db
    .selectFrom('report_comment')
    .select(['report_id', (e) => e.fn.countAll<number>().as('count')])
    .where('project_id', '=', project)
    .where('resolved_at', 'is', null)
    .where(
      'report_id',
      'in',
      rows.map((row) => row.id),
    )
    .groupBy('report_id')
    .execute()
  const counts = new Map(open.map((one) => [one.report_id, Number(one.count)]))
  return rows.map((row) => ({
    id: row.id,
    urn: reportUrn(project, row.id),
    title: row.title,
    version: row.version,
    createdAt: row.created_at,
    createdByName: row.created_by_name,
    updatedAt: row.updated_at,
    updatedByName: row.updated_by_name,
    openComments: counts.get(row.id) ?? 0,
  }))
}

/** A report with the text of a version, its newest unless said. */
export async function readReport(db: Reader, project: string, id: string, version?: number): Promise<Report> {
  const row = await requireReport(db, project, id)
  const shown = await db
    .selectFrom('report_version')
    .select(['version', 'title', 'text'])
    .where('project_id', '=', project)
    .where('report_id', '=', id)
    .where('version', '=', version ?? row.version)
    .executeTakeFirst()
  if (!shown) throw reportErrors.VERSION_NOT_FOUND(id, version ?? row.version)
  const [summary] = await summaries(db, project, [row])
  return {
    ...(summary as ReportSummary),
    title: shown.title,
    shown: shown.version,
    text: shown.text,
    mentions: findMentions(project, shown.text),
  }
}

/** Versions of a report, the newest first. */
export async function listVersions(
  { db }: Pick<ReportDeps, 'db'>,
  { project }: Scope,
  id: string,
  { limit, token }: { limit: number; token?: string },
): Promise<{ versions: ReportVersion[]; nextPageToken: string | null }> {
  await requireReport(db.read, project, id)
  const after = placeOf(token)
  let query = db.read
    .selectFrom('report_version')
    .select([
      'version',
      'title',
      'restored',
      'saved_at',
      'saved_by_name',
      (e) => e.fn<number>('length', ['text']).as('length'),
    ])
    .where('project_id', '=', project)
    .where('report_id', '=', id)
    .orderBy('version', 'desc')
    .limit(limit + 1)
  if (after) query = query.where('version', '<', after[0])
  const rows = await query.execute()
  const last = rows[limit - 1]
  return {
    versions: rows.slice(0, limit).map((row) => ({
      version: row.version,
      title: row.title,
      byName: row.saved_by_name,
      at: row.saved_at,
      length: Number(row.length),
      restored: row.restored,
    })),
    nextPageToken: rows.length > limit && last ? tokenOf(last.version, '') : null,
  }
}

const tokenOf = (at: number, id: string): string => Buffer.from(JSON.stringify([at, id])).toString('base64url')

function placeOf(token: string | undefined): readonly [number, string] | undefined {
  if (token === undefined || token === '') return undefined
  try {
    const [at, id] = JSON.parse(Buffer.from(token, 'base64url').toString()) as [unknown, unknown]
    if (typeof at === 'number' && Number.isSafeInteger(at) && typeof id === 'string') return [at, id]
  } catch {
    // Falls through to the error: it was not made here.
  }
  throw reportErrors.BAD_PAGE_TOKEN()
}

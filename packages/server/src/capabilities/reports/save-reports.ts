import type { Report } from '@trivium/contract'
import { asReader, type Trx } from '../../kernel/db/index.ts'
import { newId, parseUrn, urn } from '../../kernel/ids/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { reportErrors } from './errors.ts'
import { findMentions } from './mentions.ts'
import { readReport, reportUrn, requireReport } from './read-reports.ts'
import type { ReportDeps } from './reports.ts'
import type { ReportVersionTable } from './tables.ts'

const mostReports = 2000
const mostVersions = 2000
/** Things that an event refers to. */
const mostRefs = 50

type Deps = Pick<ReportDeps, 'db' | 'clock' | 'events'>
type Content = Pick<ReportVersionTable, 'title' | 'text' | 'restored'>

/** Makes a report; event `report.saved`. */
export async function createReport(
  deps: Deps,
  scope: Scope,
  { title, text }: { title: string; text: string },
): Promise<Report> {
  const id = newId('rep')
  const { project, principal } = scope
  await deps.db.write.transaction().execute(async (trx) => {
    const { count } = await trx
      .selectFrom('report')
      .select((e) => e.fn.countAll<number>().as('count'))
      .where('project_id', '=', project)
      .executeTakeFirstOrThrow()
    if (Number(count) >= mostReports) throw reportErrors.TOO_MANY(mostReports)
    const at = deps.clock()
    await trx
      .insertInto('report')
      .values({
        project_id: project,
        id,
        title: title.trim(),
        version: 1,
        created_at: at,
        created_by_name: principal.name,
        updated_at: at,
        updated_by_name: principal.name,
      })
      .execute()
    await keepVersion(deps, trx, scope, id, 1, { title: title.trim(), text, restored: null })
  })
  return readReport(deps.db.read, project, id)
}

/** Saves a version after the one that was edited; throws CHANGED where there is a later one. */
export async function saveReport(
  deps: Deps,
  scope: Scope,
  id: string,
  { title, text, after }: { title: string; text: string; after: number },
): Promise<Report> {
  await deps.db.write
    .transaction()
    .execute((trx) => nextVersion(deps, trx, scope, id, after, { title: title.trim(), text, restored: null }))
  return readReport(deps.db.read, scope.project, id)
}

/** Makes an older version the newest, as a version of its own. */
export async function restoreReport(deps: Deps, scope: Scope, id: string, version: number): Promise<Report> {
  await deps.db.write.transaction().execute(async (trx) => {
    const { version: newest } = await requireReport(asReader(trx), scope.project, id)
    const { title, text } = await readReport(asReader(trx), scope.project, id, version)
    await nextVersion(deps, trx, scope, id, newest, { title, text, restored: version })
  })
  return readReport(deps.db.read, scope.project, id)
}

async function nextVersion(
  deps: Deps,
  trx: Trx,
  scope: Scope,
  id: string,
  after: number,
  content: Content,
): Promise<void> {
  if (after >= mostVersions) throw reportErrors.TOO_MANY_VERSIONS(mostVersions)
  // The condition on the version is what keeps two savers apart, on every server.
  const { numUpdatedRows } = await trx
    .updateTable('report')
    .set({
      title: content.title,
      version: after + 1,
      updated_at: deps.clock(),
      updated_by_name: scope.principal.name,
    })
    .where('project_id', '=', scope.project)
    .where('id', '=', id)
    .where('version', '=', after)
    .executeTakeFirst()
  if (numUpdatedRows === 0n) {
    const row = await requireReport(asReader(trx), scope.project, id)
    if (after > row.version) throw reportErrors.VERSION_NOT_FOUND(id, after)
    throw reportErrors.CHANGED(after, row.version, row.updated_by_name)
  }
  await keepVersion(deps, trx, scope, id, after + 1, content)
}

async function keepVersion(
  { clock, events }: Deps,
  trx: Trx,
  { project, principal }: Scope,
  id: string,
  version: number,
  content: Content,
): Promise<void> {
  await trx
    .insertInto('report_version')
    .values({
      project_id: project,
      report_id: id,
      version,
      ...content,
      saved_at: clock(),
      saved_by: principal.id,
      saved_by_name: principal.name,
    })
    .execute()
  const mentions = findMentions(project, content.text)
  await trx.deleteFrom('report_mention').where('project_id', '=', project).where('report_id', '=', id).execute()
  const rows = mentions.flatMap((name) => {
    const parts = parseUrn(name)
    return parts
      ? [
          {
            project_id: project,
            thing: urn(parts.project, parts.kind, parts.id),
            report_id: id,
            version: parts.version ?? '',
          },
        ]
      : []
  })
  if (rows.length > 0) await trx.insertInto('report_mention').values(rows).execute()
  await events.append(trx, {
    project,
    name: 'report.saved',
    schema: 1,
    by: principal.id,
    subject: reportUrn(project, id),
    refs: mentions.slice(0, mostRefs).map((name) => ({ rel: 'about', urn: name, as: 'mentioned' })),
    data: { version, title: content.title, ...(content.restored === null ? {} : { restored: content.restored }) },
  })
}

/** Deletes a report with versions and comments; event `report.deleted`. */
export async function deleteReport({ db, events }: Deps, scope: Scope, id: string): Promise<void> {
  const { project, principal } = scope
  await db.write.transaction().execute(async (trx) => {
    const { title } = await requireReport(asReader(trx), project, id)
    for (const table of ['report_version', 'report_mention', 'report_comment'] as const)
      await trx.deleteFrom(table).where('project_id', '=', project).where('report_id', '=', id).execute()
    await trx.deleteFrom('report').where('project_id', '=', project).where('id', '=', id).execute()
    await events.append(trx, {
      project,
      name: 'report.deleted',
      schema: 1,
      by: principal.id,
      subject: reportUrn(project, id),
      refs: [],
      data: { title },
    })
  })
}

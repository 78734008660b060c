import {
  commentReport,
  createReport,
  deleteReport,
  exportReport,
  getReport,
  listReportComments,
  listReports,
  listReportVersions,
  readReportPanel,
  resolveReportComment,
  restoreReport,
  saveReport,
} from '@trivium/contract'
import { type Http, mount } from '../../kernel/http/index.ts'
import { exportPolicy } from './export-page.ts'
import type { Reports } from './reports.ts'

/** The routes of reports. */
export function reportRoutes(app: Http, reports: Reports): void {
  mount(app, listReports, 200, ({ scope, query }) =>
    reports.list(scope, {
      limit: query.limit ?? 100,
      ...(query.mentions === undefined ? {} : { mentions: query.mentions }),
      ...(query.page_token === undefined ? {} : { token: query.page_token }),
    }),
  )
  mount(app, createReport, 201, ({ scope, body }) => reports.create(scope, body))
  mount(app, getReport, 200, ({ scope, params, query }) => reports.read(scope, params.report, query.version))
  mount(app, saveReport, 200, ({ scope, params, body }) => reports.save(scope, params.report, body))
  mount(app, restoreReport, 200, ({ scope, params, body }) => reports.restore(scope, params.report, body.version))
  mount(app, deleteReport, 204, async ({ scope, params }) => {
    await reports.remove(scope, params.report)
    return null
  })
  mount(app, listReportVersions, 200, ({ scope, params, query }) =>
    reports.versions(scope, params.report, {
      limit: query.limit ?? 100,
      ...(query.page_token === undefined ? {} : { token: query.page_token }),
    }),
  )
  mount(app, listReportComments, 200, async ({ scope, params }) => ({
    comments: await reports.comments(scope, params.report),
  }))
  mount(app, commentReport, 201, ({ scope, params, body }) =>
    reports.comment(scope, params.report, body.text, body.about),
  )
  mount(app, resolveReportComment, 200, ({ scope, params, body }) =>
    reports.resolveComment(scope, { ...params, resolved: body.resolved }),
  )
  mount(app, readReportPanel, 200, ({ scope, query }) => reports.panel(scope, query.panel))
  mount(app, exportReport, 200, async ({ scope, params, query, reply }) => {
    const { name, html } = await reports.html(scope, params.report, query.version)
    return reply
      .header('content-type', 'text/html; charset=utf-8')
      .header('content-disposition', `attachment; filename="${name}"`)
      .header('x-content-type-options', 'nosniff')
      .header('content-security-policy', `sandbox; ${exportPolicy}`)
      .header('cache-control', 'private, no-cache')
      .send(html)
  })
}

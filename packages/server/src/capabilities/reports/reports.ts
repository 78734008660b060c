import type { PanelData, Report, ReportComment, ReportSummary, ReportVersion } from '@trivium/contract'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import type { Exploration } from '../exploration/index.ts'
import type { RunReads, Tracking } from '../tracking/index.ts'
import { addComment, listComments, resolveComment } from './comments.ts'
import { exportReport } from './export-report.ts'
import { listReports, listVersions, readReport } from './read-reports.ts'
import { readPanel } from './read-panel.ts'
import { createReport, deleteReport, restoreReport, saveReport } from './save-reports.ts'
import './tables.ts'

/** What panels read from. */
export interface PanelSources {
  readonly reads: RunReads
  readonly tracking: Pick<Tracking, 'requireExperiment' | 'requireExperimentByName' | 'listRunViews'>
  readonly exploration: Pick<Exploration, 'explain' | 'listDrafts' | 'judgeBaselines'>
}

export type ReportDeps = Pick<Kernel, 'db' | 'clock' | 'events'> & PanelSources

/** Reports: saved as versions, read with their panels, commented, exported. */
export interface Reports {
  list(
    scope: Scope,
    query: { mentions?: string; limit: number; token?: string },
  ): Promise<{ reports: ReportSummary[]; nextPageToken: string | null }>
  /** Throws NOT_FOUND, VERSION_NOT_FOUND. */
  read(scope: Scope, report: string, version?: number): Promise<Report>
  create(scope: Scope, input: { title: string; text: string }): Promise<Report>
  /** Throws CHANGED where somebody saved after the version that was edited. */
  save(scope: Scope, report: string, input: { title: string; text: string; after: number }): Promise<Report>
  restore(scope: Scope, report: string, version: number): Promise<Report>
  remove(scope: Scope, report: string): Promise<void>
  versions(
    scope: Scope,
    report: string,
    page: { limit: number; token?: string },
  ): Promise<{ versions: ReportVersion[]; nextPageToken: string | null }>
  comments(scope: Scope, report: string): Promise<ReportComment[]>
  /** `about`: a passage of a version; throws NO_PASSAGE. */
  comment(
    scope: Scope,
    report: string,
    text: string,
    about?: { readonly version: number; readonly passage: number },
  ): Promise<ReportComment>
  resolveComment(scope: Scope, input: { report: string; comment: string; resolved: boolean }): Promise<ReportComment>
  /** What a panel shows now; throws BAD_PANEL. */
  panel(scope: Scope, text: string): Promise<PanelData>
  /** One HTML file without scripts. */
  html(scope: Scope, report: string, version?: number): Promise<{ name: string; html: string }>
}

export function createReports(deps: ReportDeps): Reports {
  return {
    list: (scope, query) => listReports(deps, scope, query),
    read: (scope, report, version) => readReport(deps.db.read, scope.project, report, version),
    create: (scope, input) => createReport(deps, scope, input),
    save: (scope, report, input) => saveReport(deps, scope, report, input),
    restore: (scope, report, version) => restoreReport(deps, scope, report, version),
    remove: (scope, report) => deleteReport(deps, scope, report),
    versions: (scope, report, page) => listVersions(deps, scope, report, page),
    comments: (scope, report) => listComments(deps, scope, report),
    comment: (scope, report, text, about) => addComment(deps, scope, report, text, about),
    resolveComment: (scope, input) => resolveComment(deps, scope, input),
    panel: (scope, text) => readPanel(deps, scope, text),
    html: (scope, report, version) => exportReport(deps, scope, report, version),
  }
}

import { type MarkdownBlock, parseMarkdown, parsePanel } from '@trivium/contract'
import { AppError } from '../../kernel/errors/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { escapeHtml, exportPage } from './export-page.ts'
import { markdownHtml } from './markdown-html.ts'
import { panelHtml } from './panel-html.ts'
import { readPanel } from './read-panel.ts'
import { readReport } from './read-reports.ts'
import type { ReportDeps } from './reports.ts'

/** Panels of a report that are read for its file; further ones say so. */
const mostPanels = 60

/** A report as one HTML file that loads nothing and runs nothing; its panels say what they said at this moment. */
export async function exportReport(
  deps: ReportDeps,
  scope: Scope,
  id: string,
  version?: number,
): Promise<{ name: string; html: string }> {
  const report = await readReport(deps.db.read, scope.project, id, version)
  const panels = new Map<string, string>()
  for (const text of panelTexts(parseMarkdown(report.text))) {
    if (panels.has(text)) continue
    panels.set(
      text,
      panels.size < mostPanels
        ? await onePanel(deps, scope, text)
        : `<p class="bad">A file holds at most ${mostPanels} panels; this one was left out.</p>`,
    )
  }
  const at = new Date(deps.clock()).toISOString().slice(0, 16).replace('T', ' ')
  const head = `<h1>${escapeHtml(report.title)}</h1><p class="note">${escapeHtml(`${scope.project}, version ${report.shown} of ${report.version}, by ${report.createdByName}, changed by ${report.updatedByName}. Panels as of ${at} UTC.`)}</p>`
  const body = markdownHtml(report.text, (text) => panels.get(text))
  const name = report.title
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .slice(0, 80)
  return { name: `${name || 'report'}-v${report.shown}.html`, html: exportPage(report.title, head + body) }
}

function panelTexts(blocks: readonly MarkdownBlock[]): string[] {
  return blocks.flatMap((block) => {
    if (block.type === 'code') return block.language === 'panel' ? [block.text] : []
    if (block.type === 'quote') return panelTexts(block.children)
    return block.type === 'list' ? block.items.flatMap((item) => panelTexts(item)) : []
  })
}

async function onePanel(deps: ReportDeps, scope: Scope, text: string): Promise<string> {
  try {
    const data = await readPanel(deps, scope, text)
    const read = parsePanel(text)
    return panelHtml('panel' in read ? read.panel.title : '', data)
  } catch (error) {
    // One panel that cannot be read takes nothing from the others.
    if (error instanceof AppError) return `<p class="bad">${escapeHtml(error.message)}</p>`
    throw error
  }
}

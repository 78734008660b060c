import { exportDataSheet, getDataSheet, writeSheetPart as writeRoute } from '@trivium/contract'
import { type Http, mount } from '../../../kernel/http/index.ts'
import type { Kernel } from '../../../kernel/kernel.ts'
import { readDataSheet, type SheetDeps } from './read-data-sheet.ts'
import { sheetMarkdown } from './sheet-markdown.ts'
import { writeSheetPart } from './sheet-parts.ts'

/** The routes of data sheets. */
export function dataSheetRoutes(app: Http, deps: SheetDeps & Pick<Kernel, 'clock' | 'events'>): void {
  mount(app, getDataSheet, 200, ({ scope, params }) => readDataSheet(deps, scope, params.dataset, params.version))
  mount(app, writeRoute, 200, ({ scope, params, body }) => writeSheetPart(deps, scope, { ...params, ...body }))
  mount(app, exportDataSheet, 200, async ({ scope, params, query, reply }) => {
    const sheet = await readDataSheet(deps, scope, params.dataset, params.version)
    const json = query.format === 'json'
    const name = `${encodeURIComponent(params.dataset)}-v${params.version}-sheet.${json ? 'json' : 'md'}`
    return reply
      .header('content-type', json ? 'application/json; charset=utf-8' : 'text/markdown; charset=utf-8')
      .header('content-disposition', `attachment; filename="${name}"`)
      .header('x-content-type-options', 'nosniff')
      .send(json ? `${JSON.stringify(sheet, null, 2)}\n` : sheetMarkdown(sheet))
  })
}

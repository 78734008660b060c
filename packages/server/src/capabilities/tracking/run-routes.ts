import {
  addRunConsole,
  addRunReference,
  archiveRuns,
  compareRunSources,
  compareRunTables,
  downloadRunConsole,
  endRun,
  getRunSources,
  listRunReferences,
  readRunConsole,
  startRun,
} from '@trivium/contract'
import { type Http, mount } from '../../kernel/http/index.ts'
import type { TrackingDeps } from './experiments.ts'
import { histogramRoutes } from './histograms/histogram-routes.ts'
import { replayRoutes } from './replay/replay-routes.ts'
import { addConsole } from './run-console.ts'
import { archiveRuns as moveRuns } from './run-archive.ts'
import { addReference, readReferences } from './run-references.ts'
import { compareSources, readRunSources } from './run-sources.ts'
import { compareTables } from './run-tables/compare-tables.ts'
import { startRun as beginRun } from './start-run.ts'
import type { Tracking } from './tracking.ts'

const here = new URL(`./run-console-thread${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)

/** Starting and ending runs without a client of MLflow, their consoles and histograms, the archive, and replay. */
export function runRoutes(app: Http, tracking: Tracking, kernel: TrackingDeps): void {
  const { db, clock } = kernel
  histogramRoutes(app, kernel)
  replayRoutes(app, kernel)
  mount(app, startRun, 201, async ({ scope, body }) => {
    const { id } = await beginRun(tracking, scope, { ...body, at: clock() })
    return tracking.runDetail(scope, id)
  })
  mount(app, endRun, 200, async ({ scope, params, body }) => {
    await tracking.updateRun(scope, params.run, { status: body.status, endTime: clock() })
    return tracking.runDetail(scope, params.run)
  })
  mount(app, archiveRuns, 200, async ({ scope, body }) => ({
    changed: await moveRuns(kernel, scope, body.runs, body.archived),
  }))
  mount(app, getRunSources, 200, ({ scope, params }) => readRunSources(kernel, scope, params.run))
  mount(app, compareRunSources, 200, ({ scope, query }) => compareSources(kernel, scope, query))
  mount(app, addRunReference, 201, ({ scope, params, body }) =>
    addReference(kernel, scope, { run: params.run, reference: body }),
  )
  mount(app, listRunReferences, 200, ({ scope, params }) => readReferences(kernel, scope, params.run))
  mount(app, compareRunTables, 200, ({ scope, query: { runs, path, key, differing, limit, page_token: token } }) =>
    compareTables(kernel, scope, {
      runs: [...new Set(runs.split(',').map((one) => one.trim()))].filter(Boolean),
      path,
      key,
      differing: differing ?? false,
      limit: limit ?? 50,
      after: Number(token ?? 0),
    }),
  )
  mount(app, addRunConsole, 200, ({ scope, params, body }) => addConsole(kernel, scope, params.run, body))
  app.register(async (plain: Http) => {
    plain.setSerializerCompiler(() => (payload: unknown) => payload as string)
    mount(plain, readRunConsole, 200, async ({ scope, params, query, reply }) => {
      const { from = 0, limit = 5000, last } = query
      const input = { project: scope.project, run: params.run, from, limit, last }
      void reply.header('content-type', 'application/json; charset=utf-8')
      return Buffer.from(await db.offload({ module: here, name: 'runConsoleBytes', input })) as never
    })
  })
  mount(app, downloadRunConsole, 200, async ({ scope, params, reply }) => {
    const input = { project: scope.project, run: params.run }
    void reply
      .header('content-type', 'text/plain; charset=utf-8')
      .header('content-disposition', `attachment; filename="console-${params.run.slice(0, 12)}.txt"`)
      .header('x-content-type-options', 'nosniff')
    return reply.send(Buffer.from(await db.offload({ module: here, name: 'runConsoleText', input })))
  })
}

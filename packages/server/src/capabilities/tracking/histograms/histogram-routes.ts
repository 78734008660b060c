import { getHistograms, listHistograms, logHistograms as logRoute } from '@trivium/contract'
import { type Http, mount } from '../../../kernel/http/index.ts'
import type { TrackingDeps } from '../experiments.ts'
import { logHistograms } from './log-histograms.ts'

const here = new URL(`./histograms-thread${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)

export function histogramRoutes(app: Http, kernel: TrackingDeps): void {
  const { db } = kernel
  mount(app, logRoute, 200, async ({ scope, params, body }) => ({
    added: await logHistograms(kernel, scope, params.run, body.histograms),
  }))
  app.register(async (plain: Http) => {
    plain.setSerializerCompiler(() => (payload: unknown) => payload as string)
    mount(plain, listHistograms, 200, async ({ scope, params, reply }) => {
      const input = { project: scope.project, run: params.run }
      void reply.header('content-type', 'application/json; charset=utf-8')
      return Buffer.from(await db.offload({ module: here, name: 'histogramKeysBytes', input })) as never
    })
    mount(plain, getHistograms, 200, async ({ scope, params, query, reply }) => {
      const { key, points = 120, from_step: fromStep, to_step: toStep } = query
      const input = { project: scope.project, run: params.run, key, points, fromStep, toStep }
      void reply.header('content-type', 'application/json; charset=utf-8')
      return Buffer.from(await db.offload({ module: here, name: 'histogramSeriesBytes', input })) as never
    })
  })
}

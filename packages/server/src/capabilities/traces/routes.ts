import { deleteTraces, getTrace, searchTraces } from '@trivium/contract'
import type { FastifyReply } from 'fastify'
import { type Http, mount } from '../../kernel/http/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { permits } from '../../kernel/principal/index.ts'
import { traceErrors } from './errors.ts'
import type { TraceQuery } from './search-traces.ts'
import { parseTraceFilter, parseTraceOrder, type TraceExpression } from './trace-filter.ts'
import type { Traces } from './traces.ts'

const here = new URL(`./own-traces-thread${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)
/** The tag by which a program says which deployment it is, or runs for. */
const deploymentTag = 'trivium.deployment'

/** The routes of traces. Their lists are finished on a reader thread. */
export function traceRoutes(app: Http, traces: Traces, { db }: Pick<Kernel, 'db'>): void {
  mount(app, deleteTraces, 200, async ({ scope, params, body }) => {
    if (body.traces === undefined && body.until === undefined)
      throw traceErrors.INVALID('Name the traces, or a time: until. Without either nothing is removed.')
    return {
      deleted: await traces.deleteTraces(scope, {
        experiment: params.experiment,
        ...(body.traces ? { traces: body.traces } : {}),
        ...(body.until === undefined ? {} : { until: body.until }),
      }),
    }
  })
  app.register(async (plain: Http) => {
    plain.setSerializerCompiler(() => (payload: unknown) => payload as string)
    mount(plain, searchTraces, 200, async ({ scope, query, reply }) => {
      const filter = parseTraceFilter(query.filter)
      await traces.checkFilter(scope, filter)
      const parts = [
        ...(filter ? [filter] : []),
        ...(query.run === undefined ? [] : [equal('attribute', 'run_id', query.run)]),
        ...(query.deployment === undefined ? [] : [equal('tag', deploymentTag, query.deployment)]),
      ]
      const search: TraceQuery = {
        project: scope.project,
        experiments: query.experiment === undefined ? undefined : [query.experiment],
        filter: parts.length === 0 ? undefined : { op: 'and', parts },
        order: parseTraceOrder(query.order_by?.split(',') ?? []),
        limit: query.limit ?? 100,
        token: query.page_token,
      }
      const input = { query: search, open: permits(scope, 'data:read-personal') }
      return finished(reply, await db.offload({ module: here, name: 'traceListBytes', input }))
    })
    mount(plain, getTrace, 200, async ({ scope, params, reply }) => {
      const input = {
        project: scope.project,
        trace: params.trace,
        open: permits(scope, 'data:read-personal'),
        large: await traces.largeSpans(scope, [params.trace]),
      }
      const bytes = await db.offload({ module: here, name: 'traceBytes', input })
      if (bytes.byteLength === 4) throw traceErrors.TRACE_NOT_FOUND(params.trace)
      return finished(reply, bytes)
    })
  })
}

const equal = (entity: 'attribute' | 'tag', key: string, value: string): TraceExpression => ({
  op: 'compare',
  entity,
  key,
  comparator: '=',
  value,
})

function finished(reply: FastifyReply, bytes: Uint8Array): never {
  void reply.header('content-type', 'application/json; charset=utf-8')
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) as never
}

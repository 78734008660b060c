import { randomBytes } from 'node:crypto'
import type { Traces } from '../../capabilities/traces/index.ts'
import type { Http } from '../../kernel/http/index.ts'
import type { Args } from './args.ts'
import { rpc, type RpcCall } from './rpc.ts'
import { readPair, readState, readTraceId, traceInfoV2Shape } from './trace-shapes.ts'
import type { TraceCallDeps } from './traces.ts'

const pairsOf = (args: Args, name: string): Record<string, string> =>
  Object.fromEntries(args.list(name).map((one) => readPair(one.required('key'), one.text('value') ?? '')))

/** The calls of clients before 3.0, and those that share a path with them. */
export function tracesV2Calls(
  app: Http,
  traces: Traces,
  { clock }: Pick<TraceCallDeps, 'clock'>,
  newer: { start: (call: RpcCall) => Promise<unknown>; search: (call: RpcCall) => Promise<unknown> },
): void {
  rpc(app, 'POST', 'traces', 'run:write', async (call) => {
    const { args, scope } = call
    if (args.raw('trace') !== undefined || /api\/3\.0\//.test(call.request.url)) return newer.start(call)
    const told = {
      id: `tr-${randomBytes(16).toString('hex')}`,
      experiment: args.id('experiment_id'),
      startedAt: args.integer('timestamp_ms') ?? clock(),
      durationMs: null,
      state: 'IN_PROGRESS' as const,
      clientRequestId: null,
      requestPreview: null,
      responsePreview: null,
      tags: pairsOf(args, 'tags'),
      metadata: pairsOf(args, 'request_metadata'),
      assessments: [],
    }
    return { trace_info: traceInfoV2Shape(await traces.startTrace(scope, told)) }
  })
  rpc(app, 'PATCH', 'traces/:trace_id', 'run:write', async ({ args, scope }) => ({
    trace_info: traceInfoV2Shape(
      await traces.endTrace(scope, readTraceId(args, 'trace_id'), {
        at: args.integer('timestamp_ms') ?? clock(),
        state: readState(args, 'status'),
        tags: pairsOf(args, 'tags'),
        metadata: pairsOf(args, 'request_metadata'),
      }),
    ),
  }))
  rpc(app, 'GET', 'traces/:trace_id/info', 'run:read', async ({ args, scope }) => ({
    trace_info: traceInfoV2Shape(await traces.requireTrace(scope, readTraceId(args, 'trace_id'))),
  }))
  rpc(app, 'GET', 'traces', 'run:read', newer.search)
}

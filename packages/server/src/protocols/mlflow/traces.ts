import {
  countTraces,
  npmi,
  parseTraceFilter,
  parseTraceOrder,
  type TraceQuery,
  type Traces,
  traceErrors,
} from '../../capabilities/traces/index.ts'
import type { Http } from '../../kernel/http/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { permits, type Scope } from '../../kernel/principal/index.ts'
import type { Args } from './args.ts'
import { mlflowErrors } from './errors.ts'
import { pageSize } from './limits.ts'
import { rpc, type RpcCall } from './rpc.ts'
import { readPair, readToldTrace, readTraceId, traceInfoShape } from './trace-shapes.ts'
import { traceAssessmentCalls } from './traces-assessments.ts'
import { tracesV2Calls } from './traces-v2.ts'

const here = new URL(`./traces-thread${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)
const mostAtOnce = 1000
const mostLinks = 100
/** Spans that were sent before may still be on their way. */
const waits = [0, 500, 1000]

export type TraceCallDeps = Pick<Kernel, 'db' | 'clock'>

/** traces/* */
export function traceCalls(app: Http, traces: Traces, deps: TraceCallDeps): void {
  const { db, clock } = deps
  const start = async ({ args, scope }: RpcCall) => {
    const trace = args.object('trace')
    const info = trace?.object('trace_info')
    if (!info) throw mlflowErrors.MISSING(trace ? 'trace.trace_info' : 'trace')
    return { trace: { trace_info: traceInfoShape(await traces.startTrace(scope, readToldTrace(info, clock()))) } }
  }
  const search = async ({ args, scope }: RpcCall, version: 2 | 3): Promise<unknown> => {
    const experiments = version === 2 ? args.texts('experiment_ids') : locationsOf(args)
    if (experiments.length === 0) throw mlflowErrors.MISSING(version === 2 ? 'experiment_ids' : 'locations')
    const filter = parseTraceFilter(args.text('filter'))
    await traces.checkFilter(scope, filter)
    const query: TraceQuery = {
      project: scope.project,
      experiments,
      filter,
      order: parseTraceOrder(args.texts('order_by')),
      limit: pageSize(args, 100, 500),
      token: args.text('page_token') || undefined,
    }
    const input = { query, open: seesAll(scope), version }
    return db.offload({ module: here, name: 'traceSearchBytes', input })
  }
  /** Traces with spans, as text of JSON. */
  const whole = async (scope: Scope, ids: string[], options: { partial: boolean; experiments?: string[] }) => {
    const large = await traces.largeSpans(scope, ids)
    const input = { project: scope.project, ids, open: seesAll(scope), large, ...options }
    return db.offload({ module: here, name: 'tracesBytes', input })
  }

  tracesV2Calls(app, traces, deps, { start, search: (call) => search(call, 2) })
  rpc(app, 'POST', 'traces/search', 'run:read', (call) => search(call, 3))
  rpc(app, 'GET', 'traces/get', 'run:read', async ({ args, scope }) => {
    const id = readTraceId(args, 'trace_id')
    const partial = args.flag('allow_partial') ?? false
    await traces.requireTrace(scope, id)
    for (const wait of partial ? [0] : waits) {
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait))
      const text = Buffer.from(await whole(scope, [id], { partial })).toString()
      if (text !== '{"traces":[]}') return Buffer.from(text.replace(/^\{"traces":\[(.*)\]\}$/s, '{"trace":$1}'))
    }
    throw traceErrors.NOT_EXPORTED(id)
  })
  const batch = (args: Args) => {
    const ids = args.texts('trace_ids')
    if (ids.length === 0) throw mlflowErrors.MISSING('trace_ids')
    if (ids.length > mostAtOnce) throw mlflowErrors.INVALID(`At most ${mostAtOnce} traces can be read at once.`)
    const experiments = args.raw('experiment_ids') === undefined ? undefined : args.texts('experiment_ids')
    return { ids, experiments }
  }
  rpc(app, ['GET', 'POST'], 'traces/batchGet', 'run:read', async ({ args, scope }) => {
    const { ids, experiments } = batch(args)
    return whole(scope, ids, { partial: false, ...(experiments ? { experiments } : {}) })
  })
  rpc(app, ['GET', 'POST'], 'traces/batchGetInfos', 'run:read', async ({ args, scope }) => {
    const { ids, experiments } = batch(args)
    const records = await traces.traceRecords(scope, ids)
    return {
      trace_infos: records
        .filter(({ row }) => !experiments || experiments.includes(row.experiment_id))
        .map((record) => traceInfoShape(record)),
    }
  })
  rpc(app, 'GET', 'traces/:trace_id', 'run:read', async ({ args, scope }) => ({
    trace: { trace_info: traceInfoShape(await traces.requireTrace(scope, readTraceId(args, 'trace_id'))) },
  }))
  rpc(app, 'PATCH', 'traces/:trace_id/tags', 'run:write', ({ args, scope }) => {
    const [key, value] = readPair(args.required('key'), args.text('value') ?? '')
    return traces.setTag(scope, readTraceId(args, 'trace_id'), key, value)
  })
  rpc(app, 'DELETE', 'traces/:trace_id/tags', 'run:write', ({ args, scope }) =>
    traces.deleteTag(scope, readTraceId(args, 'trace_id'), args.required('key')),
  )
  rpc(app, 'POST', 'traces/delete-traces', 'run:write', async ({ args, scope }) => {
    const ids = args.texts('request_ids')
    // Unset is no bound; zero is one.
    const until = args.integer('max_timestamp_millis')
    const most = args.integer('max_traces')
    if (ids.length > 0 === (until !== undefined))
      throw mlflowErrors.INVALID('Either `max_timestamp_millis` or `trace_ids` must be specified, but not both.')
    if (ids.length > 0 && most !== undefined)
      throw mlflowErrors.INVALID("`max_traces` can't be specified if `trace_ids` is specified.")
    if (most !== undefined && most <= 0)
      throw mlflowErrors.INVALID(`\`max_traces\` must be a positive integer, received ${most}.`)
    const deleted = await traces.deleteTraces(scope, {
      experiment: args.id('experiment_id'),
      ...(ids.length > 0 ? { traces: ids } : {}),
      ...(until === undefined ? {} : { until }),
      ...(most === undefined ? {} : { most }),
    })
    return { traces_deleted: deleted }
  })
  rpc(app, 'POST', 'traces/link-to-run', 'run:write', async ({ args, scope }) => {
    const ids = args.texts('trace_ids')
    if (ids.length === 0) throw mlflowErrors.MISSING('trace_ids')
    if (ids.length > mostLinks)
      throw mlflowErrors.INVALID(
        `Cannot link more than ${mostLinks} traces to a run in a single request. Provided ${ids.length} traces.`,
      )
    await traces.linkToRun(scope, args.required('run_id'), ids)
  })
  rpc(app, 'POST', 'traces/link-prompts', 'run:write', async ({ args, scope }) => {
    const id = readTraceId(args, 'trace_id')
    const added = args
      .list('prompt_versions')
      .map((one) => ({ name: one.required('name'), version: one.id('version') }))
    const { tags } = await traces.requireTrace(scope, id)
    const known = promptsIn(tags[promptsTag])
    const all = [
      ...known,
      ...added.filter((one) => !known.some((k) => k.name === one.name && k.version === one.version)),
    ]
    await traces.setTag(scope, id, promptsTag, JSON.stringify(all))
  })
  rpc(app, 'POST', 'traces/calculate-filter-correlation', 'run:read', async ({ args, scope }) => {
    const experiments = args.texts('experiment_ids')
    if (experiments.length === 0) throw mlflowErrors.MISSING('experiment_ids')
    const base = parseTraceFilter(args.text('base_filter'))
    const first = parseTraceFilter(args.required('filter_string1'))
    const second = parseTraceFilter(args.required('filter_string2'))
    for (const filter of [base, first, second]) await traces.checkFilter(scope, filter)
    const counts = await countTraces(db.read, db.dialect, { project: scope.project, experiments, base, first, second })
    const number = (value: number) => (Number.isNaN(value) ? 'NaN' : value)
    return {
      npmi: number(npmi(counts)),
      npmi_smoothed: number(npmi(counts, 0.5)),
      filter1_count: counts.first,
      filter2_count: counts.second,
      joint_count: counts.both,
      total_count: counts.total,
    }
  })
  // The name of the trace stands in the path as well as in the body, and means the one in the path.
  traceAssessmentCalls(app, traces)
}

const promptsTag = 'mlflow.linkedPrompts'

function promptsIn(tag: string | undefined): { name: string; version: string }[] {
  try {
    const list: unknown = JSON.parse(tag ?? '[]')
    return Array.isArray(list) ? (list as { name: string; version: string }[]) : []
  } catch {
    return []
  }
}

const seesAll = (scope: Scope): boolean => permits(scope, 'data:read-personal')

/** Experiments of a search; places that are no experiments hold nothing here. */
function locationsOf(args: Args): string[] {
  return args.list('locations').flatMap((location) => {
    const experiment = location.object('mlflow_experiment')
    return experiment ? [experiment.id('experiment_id')] : []
  })
}

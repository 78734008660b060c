import {
  type Aggregation,
  aggregationTypes,
  checkMetric,
  metricViews,
  parseMetricFilter,
  type Traces,
} from '../../capabilities/traces/index.ts'
import type { Http } from '../../kernel/http/index.ts'
import type { Args } from './args.ts'
import { mlflowErrors } from './errors.ts'
import { pageSize } from './limits.ts'
import { rpc } from './rpc.ts'

const mostBuckets = 100_000
const mostAsked = 50
const mostExperiments = 1000

/** traces/metrics: numbers over many traces, by time and by what they have in common. */
export function traceMetricCalls(app: Http, traces: Traces): void {
  rpc(app, 'POST', 'traces/metrics', 'run:read', ({ args, scope }) => {
    if (args.raw('experiment_ids') === undefined) throw mlflowErrors.MISSING('experiment_ids')
    const experiments = args.texts('experiment_ids')
    if (experiments.length > mostExperiments)
      throw mlflowErrors.INVALID(`At most ${mostExperiments} experiments can be asked at once.`)
    const view = oneOf(args, 'view_type', metricViews)
    const metric = args.required('metric_name')
    const aggregations = args.list('aggregations').map(readAggregation)
    if (aggregations.length === 0) throw mlflowErrors.MISSING('aggregations')
    if (aggregations.length > mostAsked)
      throw mlflowErrors.INVALID(`At most ${mostAsked} aggregations can be asked at once.`)
    const dimensions = args.texts('dimensions')
    checkMetric(view, metric, aggregations, dimensions)
    const filters = args.texts('filters')
    if (filters.length > mostAsked) throw mlflowErrors.INVALID(`At most ${mostAsked} filters can be asked at once.`)
    const seconds = args.integer('time_interval_seconds') ?? 0
    const [from, to] = [args.integer('start_time_ms'), args.integer('end_time_ms')]
    if (seconds !== 0 && (from === undefined || to === undefined))
      throw mlflowErrors.INVALID('start_time_ms and end_time_ms are required if time_interval_seconds is set')
    if (seconds < 0 || (seconds > 0 && (Number(to) - Number(from)) / 1000 / seconds > mostBuckets))
      throw mlflowErrors.INVALID(
        `time_interval_seconds must be positive, and cut the time into at most ${mostBuckets} parts.`,
      )
    return traces.metrics(scope, {
      experiments,
      view,
      metric,
      aggregations,
      dimensions: [...new Set(dimensions)],
      filters: filters.map((text) => parseMetricFilter(text, view)),
      bucketMs: seconds > 0 ? seconds * 1000 : undefined,
      from,
      to,
      limit: pageSize(args, 1000, 50_000),
    })
  })
}

/** A member of one of protobuf's enumerations, by name or by number. */
function oneOf<T extends string>(args: Args, name: string, members: readonly T[]): T {
  const value = args.raw(name)
  if (value === undefined) throw mlflowErrors.MISSING(args.nameOf(name))
  const found = typeof value === 'number' ? members[value - 1] : members.find((one) => one === value)
  if (!found) throw args.invalid(name, value)
  return found
}

function readAggregation(args: Args): Aggregation {
  const type = oneOf(args, 'aggregation_type', aggregationTypes)
  const raw = args.raw('percentile_value')
  const percentile = typeof raw === 'string' && raw.trim() !== '' ? Number(raw) : raw
  if (percentile === undefined) {
    if (type === 'PERCENTILE') throw mlflowErrors.INVALID('Percentile value is required for PERCENTILE aggregation')
    return { type }
  }
  if (typeof percentile !== 'number' || Number.isNaN(percentile)) throw args.invalid('percentile_value', raw)
  if (type !== 'PERCENTILE')
    throw mlflowErrors.INVALID(`Percentile value is only allowed for PERCENTILE aggregation type, got ${type}`)
  if (percentile < 0 || percentile > 100)
    throw mlflowErrors.INVALID(`Percentile value must be between 0 and 100, got ${percentile}`)
  return { type, percentile }
}

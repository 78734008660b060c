import { traceErrors } from '../errors.ts'

export const metricViews = ['TRACES', 'SPANS', 'ASSESSMENTS'] as const
export type MetricView = (typeof metricViews)[number]
export const aggregationTypes = ['COUNT', 'SUM', 'AVG', 'PERCENTILE', 'MIN', 'MAX'] as const
export type AggregationType = (typeof aggregationTypes)[number]

/** One number that is asked for, such as the average or the 95th percentile. */
export interface Aggregation {
  readonly type: AggregationType
  /** 0 to 100, of a percentile. */
  readonly percentile?: number
}

interface Kind {
  readonly aggregations: readonly AggregationType[]
  readonly dimensions: readonly string[]
}

const spread = ['AVG', 'MAX', 'MIN', 'PERCENTILE'] as const
const amount = [...spread, 'SUM'] as const
const byName: Kind = { aggregations: amount, dimensions: ['trace_name'] }
const model = ['span_model_name', 'span_model_provider']

/** What can be asked of traces, of spans and of assessments, as MLflow's server has it. */
const kinds: Readonly<Record<MetricView, Readonly<Record<string, Kind>>>> = {
  TRACES: {
    trace_count: { aggregations: ['COUNT'], dimensions: ['trace_name', 'trace_status'] },
    session_count: { aggregations: ['COUNT'], dimensions: [] },
    latency: { aggregations: spread, dimensions: ['trace_name'] },
    input_tokens: byName,
    output_tokens: byName,
    total_tokens: byName,
    cache_read_input_tokens: byName,
    cache_creation_input_tokens: byName,
  },
  SPANS: {
    span_count: { aggregations: ['COUNT'], dimensions: ['span_name', 'span_status', 'span_type', ...model] },
    latency: { aggregations: spread, dimensions: ['span_name', 'span_status'] },
    input_cost: { aggregations: amount, dimensions: model },
    output_cost: { aggregations: amount, dimensions: model },
    total_cost: { aggregations: amount, dimensions: model },
  },
  ASSESSMENTS: {
    assessment_count: { aggregations: ['COUNT'], dimensions: ['assessment_name', 'assessment_value'] },
    assessment_value: { aggregations: spread, dimensions: ['assessment_name'] },
  },
}

/** Lists in messages are written as MLflow writes them. */
const list = (values: readonly string[]): string => `[${values.map((one) => `'${one.slice(0, 100)}'`).join(', ')}]`

/** Throws for what a view does not have, in MLflow's words. */
export function checkMetric(
  view: MetricView,
  metric: string,
  aggregations: readonly Aggregation[],
  dimensions: readonly string[],
): void {
  const known = kinds[view]
  const kind = Object.hasOwn(known, metric) ? known[metric] : undefined
  if (!kind)
    throw traceErrors.INVALID(`metric_name must be one of ${list(Object.keys(known))}, got '${metric.slice(0, 100)}'`)
  const wrong = [...new Set(aggregations.map(({ type }) => type))].filter((type) => !kind.aggregations.includes(type))
  if (wrong.length > 0)
    throw traceErrors.INVALID(
      `Found invalid aggregation_type(s): ${list(wrong.toSorted())}. Supported aggregation types: ${list(kind.aggregations)}`,
    )
  const odd = [...new Set(dimensions)].filter((one) => !kind.dimensions.includes(one))
  if (odd.length > 0)
    throw traceErrors.INVALID(
      `Found invalid dimension(s): ${list(odd.toSorted())}. Supported dimensions: ${list(kind.dimensions.toSorted())}`,
    )
}

/** How an aggregation is named in the answer: `AVG`, `P95.0`. */
export const labelOf = ({ type, percentile }: Aggregation): string =>
  type === 'PERCENTILE' ? `P${Number.isInteger(percentile) ? `${percentile}.0` : percentile}` : type

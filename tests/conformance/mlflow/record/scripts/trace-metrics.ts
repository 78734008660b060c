import type { Script, Step } from '../step.ts'

const v3 = '/api/3.0/mlflow'
const hour = 3_600_000
/** A time of the past, so that what the server makes of it is the same each time. */
const start = Date.UTC(2025, 2, 1)

const call = (name: string, path: string, body: object): Step => ({
  name,
  method: 'POST',
  path: `${v3}/${path}`,
  body,
})

const usage = (input: number, output: number) =>
  JSON.stringify({ input_tokens: input, output_tokens: output, total_tokens: input + output })

/** What a client tells of a trace. */
function trace(
  n: number,
  fields: { name?: string; ms?: number; state?: string; metadata?: object; tags?: object },
): Step {
  return {
    ...call(`trace ${n}`, 'traces', {
      trace: {
        trace_info: {
          trace_id: `tr-0000000000000000000000000000000${n}`,
          trace_location: { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: '0' } },
          request_time: new Date(start + n * 0.4 * hour).toISOString(),
          execution_duration: `${(fields.ms ?? 100) / 1000}s`,
          state: fields.state ?? 'OK',
          trace_metadata: fields.metadata ?? {},
          tags: { ...(fields.name ? { 'mlflow.traceName': fields.name } : {}), ...fields.tags },
        },
      },
    }),
    only: ['trace.trace_info.trace_id'],
  }
}

const attribute = (key: string, value: object) => ({ key, value })
const text = (stringValue: string) => ({ stringValue })

/** Two spans of a trace, one of which called a model. */
function spans(n: number, model: string, cost: number): Step {
  const from = BigInt(start + n * 0.4 * hour) * 1_000_000n
  const traceId = `0000000000000000000000000000000${n}`
  const common = { traceId, startTimeUnixNano: String(from) }
  return {
    name: `spans of trace ${n}`,
    method: 'POST',
    path: '/v1/traces',
    headers: { 'content-type': 'application/json', 'x-mlflow-experiment-id': '0' },
    raw: JSON.stringify({
      resourceSpans: [
        {
          scopeSpans: [
            {
              spans: [
                {
                  ...common,
                  spanId: `00000000000000a${n}`,
                  name: 'answer',
                  endTimeUnixNano: String(from + BigInt(n) * 10_000_000n),
                  status: { code: 1 },
                  attributes: [attribute('mlflow.spanType', text('CHAIN'))],
                },
                {
                  ...common,
                  spanId: `00000000000000b${n}`,
                  parentSpanId: `00000000000000a${n}`,
                  name: 'call',
                  endTimeUnixNano: String(from + 7_900_000n),
                  status: { code: n === 2 ? 2 : 1 },
                  attributes: [
                    attribute('mlflow.spanType', text('LLM')),
                    attribute('mlflow.llm.model', text(model)),
                    attribute('mlflow.llm.provider', text('acme')),
                    attribute(
                      'mlflow.llm.cost',
                      text(JSON.stringify({ input_cost: cost, output_cost: cost * 2, total_cost: cost * 3 })),
                    ),
                  ],
                },
              ],
            },
          ],
        },
      ],
    }),
    only: [],
  }
}

const feedback = (name: string, n: number, value: unknown, what = 'feedback'): Step => ({
  name,
  method: 'POST',
  path: `${v3}/traces/tr-0000000000000000000000000000000${n}/assessments`,
  body: {
    assessment: {
      assessment_name: what === 'feedback' ? 'good' : 'expected',
      source: { source_type: 'HUMAN', source_id: 'ann' },
      [what]: { value },
      create_time: new Date(start).toISOString(),
      last_update_time: new Date(start).toISOString(),
    },
  },
  only: [],
})

type More = Readonly<Record<string, unknown>>
const metric = (
  name: string,
  view_type: string,
  metric_name: string,
  aggregations: readonly (string | number)[],
  more: More = {},
): Step =>
  call(name, 'traces/metrics', {
    experiment_ids: ['0'],
    view_type,
    metric_name,
    aggregations: aggregations.map((one) =>
      typeof one === 'number' ? { aggregation_type: 'PERCENTILE', percentile_value: one } : { aggregation_type: one },
    ),
    ...more,
  })

const day = { start_time_ms: start, end_time_ms: start + 24 * hour }
const all = ['AVG', 'MIN', 'MAX', 50, 95, 12.5]

export const traceMetrics: Script = {
  name: 'trace-metrics',
  steps: [
    trace(1, {
      name: 'chat',
      ms: 120,
      metadata: { 'mlflow.trace.session': 's1', 'mlflow.trace.tokenUsage': usage(10, 5) },
      tags: { team: 'ops' },
    }),
    trace(2, {
      name: 'chat',
      ms: 480,
      state: 'ERROR',
      metadata: { 'mlflow.trace.session': 's1', 'mlflow.trace.tokenUsage': usage(31, 7) },
    }),
    trace(3, { name: 'Sum', ms: 77, metadata: { 'mlflow.trace.session': 's2', 'mlflow.trace.tokenUsage': '{' } }),
    trace(4, { ms: 1000 }),
    spans(1, 'small', 0.25),
    spans(2, 'large', 1.5),
    spans(3, 'small', 0.5),
    feedback('a yes', 1, 'yes'),
    feedback('a no', 2, 'No'),
    feedback('a truth', 3, true),
    feedback('a number', 4, 0.25),
    feedback('an expectation', 1, 'rain', 'expectation'),
    metric('how many traces', 'TRACES', 'trace_count', ['COUNT']),
    metric('by name', 'TRACES', 'trace_count', ['COUNT'], { dimensions: ['trace_name'] }),
    metric('by state and name', 'TRACES', 'trace_count', ['COUNT'], { dimensions: ['trace_status', 'trace_name'] }),
    metric('by hour', 'TRACES', 'trace_count', ['COUNT'], { ...day, time_interval_seconds: 3600 }),
    metric('by hour and name', 'TRACES', 'latency', ['AVG'], {
      ...day,
      time_interval_seconds: 3600,
      dimensions: ['trace_name'],
    }),
    metric('until a time', 'TRACES', 'trace_count', ['COUNT'], { end_time_ms: start + 0.8 * hour }),
    metric('before everything', 'TRACES', 'latency', ['AVG'], { end_time_ms: start - 1 }),
    metric('nothing counted', 'TRACES', 'trace_count', ['COUNT'], { end_time_ms: start - 1 }),
    metric('sessions', 'TRACES', 'session_count', ['COUNT']),
    metric('how long', 'TRACES', 'latency', all),
    metric('how long by name', 'TRACES', 'latency', all, { dimensions: ['trace_name'] }),
    metric('tokens in', 'TRACES', 'input_tokens', ['SUM', ...all]),
    metric('tokens by name', 'TRACES', 'total_tokens', ['SUM', 'AVG'], { dimensions: ['trace_name'] }),
    metric('cached tokens', 'TRACES', 'cache_read_input_tokens', ['SUM']),
    metric('of a state', 'TRACES', 'trace_count', ['COUNT'], { filters: ["trace.status = 'ERROR'"] }),
    metric('of a tag', 'TRACES', 'trace_count', ['COUNT'], { filters: ["trace.tag.team = 'ops'"] }),
    metric('of a quoted tag', 'TRACES', 'trace_count', ['COUNT'], {
      filters: ["trace.tag.`mlflow.traceName` = 'chat'", "trace.status = 'OK'"],
    }),
    metric('of a session', 'TRACES', 'latency', ['MAX'], { filters: ["trace.metadata.`mlflow.trace.session` = 's1'"] }),
    metric('spans', 'SPANS', 'span_count', ['COUNT'], { dimensions: ['span_type', 'span_name', 'span_status'] }),
    metric('spans of a name', 'SPANS', 'span_count', ['COUNT'], { filters: ["span.name = 'call'"] }),
    metric('spans of a kind', 'SPANS', 'span_count', ['COUNT'], {
      filters: ["span.type = 'LLM'", "trace.status = 'OK'"],
    }),
    metric('spans by hour', 'SPANS', 'span_count', ['COUNT'], { ...day, time_interval_seconds: 1800 }),
    metric('how long spans take', 'SPANS', 'latency', all, { dimensions: ['span_name'] }),
    metric('costs', 'SPANS', 'total_cost', ['SUM', ...all]),
    metric('costs by model', 'SPANS', 'input_cost', ['SUM', 50], {
      dimensions: ['span_model_name', 'span_model_provider'],
    }),
    metric('costs of a time', 'SPANS', 'output_cost', ['SUM'], {
      ...day,
      end_time_ms: start + hour,
      time_interval_seconds: 3600,
    }),
    metric('calls by model', 'SPANS', 'span_count', ['COUNT'], { dimensions: ['span_model_name'] }),
    metric('assessments', 'ASSESSMENTS', 'assessment_count', ['COUNT'], {
      dimensions: ['assessment_name', 'assessment_value'],
    }),
    metric('what they say', 'ASSESSMENTS', 'assessment_value', all, { dimensions: ['assessment_name'] }),
    metric('assessments of a kind', 'ASSESSMENTS', 'assessment_count', ['COUNT'], {
      filters: ["assessment.type = 'feedback'", "trace.status = 'OK'"],
    }),
    metric('assessments of a name', 'ASSESSMENTS', 'assessment_value', ['AVG'], {
      filters: ["assessment.name = 'good'"],
    }),
    metric('few points', 'TRACES', 'trace_count', ['COUNT'], { dimensions: ['trace_name'], max_results: 1 }),
    metric('of an experiment that is not there', 'TRACES', 'trace_count', ['COUNT'], { experiment_ids: ['77'] }),
    metric('of no experiments', 'TRACES', 'trace_count', ['COUNT'], { experiment_ids: [] }),
    metric('a metric that is none', 'TRACES', 'nonsense', ['COUNT']),
    metric('a metric of another view', 'SPANS', 'trace_count', ['COUNT']),
    metric('a number that makes no sense', 'TRACES', 'trace_count', ['AVG', 'MAX']),
    metric('a dimension that is none', 'TRACES', 'latency', ['AVG'], { dimensions: ['trace_status', 'x'] }),
    metric('no numbers', 'TRACES', 'latency', []),
    metric('an interval without times', 'TRACES', 'latency', ['AVG'], { time_interval_seconds: 60 }),
    metric('a percentile out of bounds', 'TRACES', 'latency', [101]),
    call('a percentile without its number', 'traces/metrics', {
      experiment_ids: ['0'],
      view_type: 'TRACES',
      metric_name: 'latency',
      aggregations: [{ aggregation_type: 'PERCENTILE' }],
    }),
    metric('a view that is none', 'NONSENSE', 'latency', ['AVG']),
    metric('a view by number', 2 as never, 'span_count', ['COUNT']),
    ...[
      "status = 'OK'",
      "nonsense.status = 'OK'",
      "trace.nonsense = 'OK'",
      "trace.tag = 'OK'",
      "trace.status.x = 'OK'",
      "trace.status != 'OK'",
      "trace.status LIKE 'OK'",
      'trace.status = 7',
      'trace.status = OK',
      "trace.status = 'OK' AND trace.status = 'ERROR'",
      "span.name = 'call'",
      "assessment.name = 'good'",
      'nonsense',
      '',
    ].map((filter) => metric(`filter ${filter}`, 'TRACES', 'trace_count', ['COUNT'], { filters: [filter] })),
  ],
}

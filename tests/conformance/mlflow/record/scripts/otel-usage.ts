import type { Script, Step } from '../step.ts'

const v3 = '/api/3.0/mlflow'
const start = Date.UTC(2025, 2, 1)
const attribute = (key: string, value: string | number | object) => ({
  key,
  value:
    typeof value === 'string'
      ? { stringValue: value }
      : typeof value === 'number'
        ? { intValue: String(value) }
        : (value as Record<string, unknown>),
})

type Attributes = Readonly<Record<string, string | number | object>>
interface Sent {
  readonly id: string
  readonly parent?: string
  readonly attributes: Attributes
}

/** Spans of one trace as an exporter of OpenTelemetry sends them, without a word of MLflow's. */
function spans(name: string, n: number, sent: readonly Sent[]): Step {
  const from = BigInt(start + n * 60_000) * 1_000_000n
  return {
    name,
    method: 'POST',
    path: '/v1/traces',
    headers: { 'content-type': 'application/json', 'x-mlflow-experiment-id': '0' },
    raw: JSON.stringify({
      resourceSpans: [
        {
          scopeSpans: [
            {
              spans: sent.map(({ id, parent, attributes }) => ({
                traceId: `000000000000000000000000000000a${n}`,
                spanId: `00000000000000${id}`,
                ...(parent === undefined ? {} : { parentSpanId: `00000000000000${parent}` }),
                name: 'call',
                startTimeUnixNano: String(from),
                endTimeUnixNano: String(from + 5_000_000n),
                status: { code: 1 },
                attributes: Object.entries(attributes).map(([key, value]) => attribute(key, value)),
              })),
            },
          ],
        },
      ],
    }),
    only: [],
  }
}

const told = (n: number, metadata: Readonly<Record<string, string>> = {}): Step => ({
  name: `what a client tells of trace ${n}`,
  method: 'POST',
  path: `${v3}/traces`,
  body: {
    trace: {
      trace_info: {
        trace_id: `tr-000000000000000000000000000000a${n}`,
        trace_location: { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: '0' } },
        request_time: new Date(start + n * 60_000).toISOString(),
        execution_duration: '0.1s',
        state: 'OK',
        trace_metadata: metadata,
      },
    },
  },
  only: ['trace.trace_info.trace_id'],
})

let asked = 0
const metric = (metric_name: string, aggregation_type: string, view_type = 'TRACES', more: object = {}): Step => {
  asked += 1
  return {
    name: `${asked}: ${aggregation_type} of ${metric_name} of ${view_type}`,
    method: 'POST',
    path: `${v3}/traces/metrics`,
    body: { experiment_ids: ['0'], view_type, metric_name, aggregations: [{ aggregation_type }], ...more },
  }
}
const tokens = [
  'input_tokens',
  'output_tokens',
  'total_tokens',
  'cache_read_input_tokens',
  'cache_creation_input_tokens',
]
const sums = () => tokens.map((name) => metric(name, 'SUM'))
const info = (n: number, when = ''): Step => ({
  name: `trace ${n} as it is read${when}`,
  method: 'GET',
  path: `${v3}/traces/tr-000000000000000000000000000000a${n}`,
  only: ['trace.trace_info.trace_metadata'],
})

export const otelUsage: Script = {
  name: 'otel-usage',
  steps: [
    spans('generative AI, one call', 1, [
      {
        id: 'a1',
        attributes: {
          'gen_ai.operation.name': 'chat',
          'gen_ai.request.model': 'small',
          'gen_ai.provider.name': 'acme',
          'gen_ai.usage.input_tokens': 10,
          'gen_ai.usage.output_tokens': 5,
          'gen_ai.usage.cache_read.input_tokens': 4,
        },
      },
    ]),
    info(1),
    ...sums(),
    spans('a caller that tells the sum of its calls', 2, [
      { id: 'a1', attributes: { 'gen_ai.usage.input_tokens': 100, 'gen_ai.usage.output_tokens': 20 } },
      { id: 'b1', parent: 'a1', attributes: { 'gen_ai.usage.input_tokens': 60, 'gen_ai.usage.output_tokens': 20 } },
      { id: 'b2', parent: 'a1', attributes: { 'gen_ai.usage.input_tokens': 40 } },
    ]),
    spans('a caller that tells nothing', 3, [
      { id: 'a1', attributes: { 'openinference.span.kind': 'CHAIN' } },
      { id: 'b1', parent: 'a1', attributes: { 'llm.token_count.prompt': 3, 'llm.token_count.completion': 4 } },
      { id: 'b2', parent: 'a1', attributes: { 'llm.token_count.prompt': 1, 'llm.token_count.total': 9 } },
    ]),
    info(3),
    ...sums(),
    spans('the first convention', 4, [
      { id: 'a1', attributes: { 'gen_ai.usage.prompt_tokens': 7, 'gen_ai.usage.completion_tokens': 2 } },
      { id: 'b1', parent: 'a1', attributes: { 'gen_ai.system': 'acme' } },
    ]),
    spans('more of it, later', 4, [
      { id: 'c1', attributes: { 'llm.usage.total_tokens': 1 } },
      { id: 'b2', parent: 'a1', attributes: { 'gen_ai.usage.input_tokens': 5 } },
    ]),
    info(4),
    ...sums(),
    spans('the same again', 4, [{ id: 'c1', attributes: { 'llm.usage.total_tokens': 2 } }]),
    info(4, ' again'),
    spans('numbers of other kinds', 5, [
      { id: 'a1', attributes: { 'gen_ai.usage.input_tokens': '12' } },
      { id: 'a2', attributes: { 'gen_ai.usage.input_tokens': { doubleValue: 3.5 } } },
      { id: 'a3', attributes: { 'gen_ai.usage.input_tokens': 'many' } },
    ]),
    info(5),
    told(6, { 'mlflow.trace.tokenUsage': '{"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}' }),
    spans('spans of a trace that is told already', 6, [{ id: 'a1', attributes: { 'gen_ai.usage.input_tokens': 50 } }]),
    info(6),
    spans('spans before their trace is told', 7, [{ id: 'a1', attributes: { 'gen_ai.usage.input_tokens': 70 } }]),
    told(7),
    info(7),
    ...sums(),
    metric('input_tokens', 'AVG'),
    metric('total_tokens', 'MAX'),
    metric('span_count', 'COUNT', 'SPANS', { dimensions: ['span_type'] }),
    metric('span_count', 'COUNT', 'SPANS', { dimensions: ['span_model_name'] }),
    metric('span_count', 'COUNT', 'SPANS', { dimensions: ['span_model_provider'] }),
  ],
}

import { mlflowSchema } from './protocol-fields.ts'
import type { Schema } from './sample-schema.ts'

const text: Schema = { type: 'string' }
const whole: Schema = { type: 'integer' }
const list = (items: Schema): Schema => ({ type: 'array', items })
const object = (properties: Readonly<Record<string, Schema>>, ...required: string[]): Schema => ({
  type: 'object',
  properties,
  required,
})
const word = (...words: unknown[]): Schema => ({ enum: words })
const texts: Schema = { type: 'object', patternProperties: { '.*': text } }
const pairs = list(object({ key: text, value: text }, 'key', 'value'))

/** Texts that are JSON themselves, right and wrong; clients of MLflow send records, tags and schemas so. */
const jsonText: Schema = word(
  '[{"inputs":{"q":"storms?"},"expectations":{"answer":"yes"}}]',
  '[{"inputs":{"q":[1,{"a":null}]},"outputs":null,"tags":{"a":1},"source":{"source_type":"TRACE","source_data":{"trace_id":"tr-1"}}}]',
  '[{"inputs":{"__proto__":{"toString":1}},"outputs":[[]],"source":{"source_type":7}}]',
  '[{"inputs":null,"expectations":7}]',
  '{"team":"data","none":null,"a":{"b":[1]}}',
  `[{"inputs":{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}}]`,
  '["a\\u0000b"]',
  '[null]',
  'null',
  '{',
  '"\\ud800"',
  '1e999',
)
const instant: Schema = word(
  '2001-02-03T04:05:06Z',
  '2001-02-03T04:05:06.789123456+05:30',
  '9999-12-31T23:59:59.999Z',
  '0000-01-01T00:00:00Z',
  '2001-02-30T25:61:61Z',
  'soon',
)
const lasting: Schema = word('0s', '1.5s', '-3s', '99999999999999s', '1e3s', 's')
const filterString: Schema = word(
  "name = 'a'",
  "tags.team = 'data' AND created_time > 5",
  "trace.status = 'OK'",
  'trace.timestamp_ms > 8640000000000001',
  "attributes.name LIKE '%a%'",
  "span.attributes.x ILIKE '%'",
  "span.content RLIKE '(a+)+$'",
  "feedback.correct = 'true'",
  "request_metadata.`a b` != ''",
  `${'('.repeat(3000)}name = 'a'`,
  "name = '",
)
const source = object({ source_type: word('HUMAN', 'LLM_JUDGE', 'CODE', 'MOON', 3), source_id: text })
const assessment = object(
  {
    assessment_id: text,
    assessment_name: text,
    trace_id: text,
    span_id: text,
    source,
    feedback: object({ value: {}, error: object({ error_code: text, error_message: text, stack_trace: text }) }),
    expectation: object({
      value: {},
      serialized_value: object({ serialization_format: word('JSON_FORMAT', 'x'), value: jsonText }),
    }),
    rationale: text,
    metadata: texts,
    overrides: text,
    create_time: instant,
    last_update_time: instant,
  },
  'assessment_name',
  'source',
)

const hex = (...words: string[]): Schema => word(...words, 'zz', '', '00')
const value = object({
  stringValue: text,
  intValue: whole,
  doubleValue: { type: 'number' },
  boolValue: word(true, 'x'),
})
const attributes = list(object({ key: text, value }, 'key'))
const nanos: Schema = word('1000000000', 1_000_000_000, '18446744073709551615', '-5', 'x', 1.5)
const spans = object(
  {
    resourceSpans: list(
      object(
        {
          resource: object({ attributes }),
          scopeSpans: list(
            object(
              {
                spans: list(
                  object(
                    {
                      traceId: hex('0af7651916cd43dd8448eb211c80319c', '00000000000000000000000000000000'),
                      spanId: hex('b7ad6b7169203331', '0000000000000000', 'c7ad6b7169203332'),
                      parentSpanId: hex('b7ad6b7169203331'),
                      name: text,
                      kind: word(1, 99, 'SPAN_KIND_SERVER', 'x'),
                      startTimeUnixNano: nanos,
                      endTimeUnixNano: nanos,
                      attributes,
                      events: list(object({ timeUnixNano: nanos, name: text, attributes })),
                      links: list(object({ traceId: hex(), spanId: hex(), attributes })),
                      status: object({ code: word(0, 2, 'STATUS_CODE_ERROR', 'x'), message: text }),
                    },
                    'traceId',
                    'spanId',
                    'name',
                    'startTimeUnixNano',
                    'endTimeUnixNano',
                  ),
                ),
              },
              'spans',
            ),
          ),
        },
        'scopeSpans',
      ),
    ),
  },
  'resourceSpans',
)

const traces = object({
  trace: object(
    {
      trace_info: object(
        {
          trace_id: text,
          trace_location: object(
            { type: text, mlflow_experiment: object({ experiment_id: word('0', '7', 7) }, 'experiment_id') },
            'mlflow_experiment',
          ),
          request_time: instant,
          execution_duration: lasting,
          state: word('OK', 'ERROR', 'IN_PROGRESS', 2, 'odd'),
          client_request_id: text,
          request_preview: text,
          tags: texts,
          trace_metadata: texts,
          assessments: list(assessment),
        },
        'trace_location',
      ),
    },
    'trace_info',
  ),
  trace_id: text,
  trace_ids: list(text),
  request_id: text,
  request_ids: list(text),
  run_id: text,
  experiment_id: word('0', '7'),
  experiment_ids: list(word('0', '7', 7)),
  locations: list(
    object({ type: text, mlflow_experiment: object({ experiment_id: word('0', '7') }, 'experiment_id') }),
  ),
  timestamp_ms: whole,
  execution_time_ms: whole,
  max_timestamp_millis: whole,
  max_traces: whole,
  status: word('OK', 'ERROR', 'odd'),
  request_metadata: pairs,
  tags: { anyOf: [pairs, texts] },
  key: text,
  value: text,
  filter: filterString,
  filter_string: filterString,
  filter_string1: filterString,
  filter_string2: filterString,
  base_filter: filterString,
  max_results: whole,
  page_token: text,
  order_by: list(word('timestamp_ms DESC', 'timestamp DESC', 'execution_time', 'x')),
  assessment,
  update_mask: word('assessment_name,feedback', 'rationale', 'x', '*'),
  prompt_versions: list(object({ name: text, version: text })),
})

const metrics = object(
  {
    experiment_ids: list(word('0', '7', 7)),
    view_type: word('TRACES', 'SPANS', 'ASSESSMENTS', 1, 9, 'odd'),
    metric_name: word('trace_count', 'latency', 'span_count', 'assessment_value', 'session_count', 'constructor'),
    aggregations: list(
      object(
        {
          aggregation_type: word('COUNT', 'AVG', 'PERCENTILE', 'MAX', 2, 'odd'),
          percentile_value: word(0, 50, 99.99, '95', 'NaN', -1, 1e300),
        },
        'aggregation_type',
      ),
    ),
    dimensions: list(
      word('trace_name', 'trace_status', 'span_name', 'span_model_name', 'assessment_value', '__proto__'),
    ),
    filters: list(filterString),
    time_interval_seconds: word(0, 60, 3600, -5, 2 ** 53, 1.5),
    start_time_ms: word(0, 1000, -(2 ** 53) + 1, 'x'),
    end_time_ms: word(1000, 8.64e15 + 1, 2 ** 53 - 1),
    max_results: whole,
    page_token: text,
  },
  'experiment_ids',
  'view_type',
  'metric_name',
  'aggregations',
)

const scorers = object({
  experiment_id: word('0', '7', 7),
  experiment_ids: list(word('0', '7')),
  name: text,
  serialized_scorer: { anyOf: [jsonText, text] },
  version: word(1, '1', 0, -1, 2 ** 53 - 1, 'x'),
  scorer_version: word(1, 'x'),
})

const datasets = object({
  name: text,
  dataset_id: text,
  experiment_ids: list(word('0', '7', 7)),
  tags: jsonText,
  records: jsonText,
  dataset_record_ids: list(text),
  filter_string: filterString,
  order_by: list(word('name', 'name DESC', 'created_time ASC', 'x')),
  max_results: whole,
  page_token: text,
  updated_by: text,
})

const people = object({
  username: text,
  password: text,
  user_id: whole,
  is_admin: { type: 'boolean' },
  resource_type: word('workspace', 'experiment', 'registered_model', 'x'),
  resource_id: word('default', '0', 'late'),
  permission: word('READ', 'USE', 'EDIT', 'MANAGE', 'NO_PERMISSIONS', 'constructor'),
  experiment_id: word('0', '7'),
  name: text,
  description: text,
  default_artifact_root: text,
  workspace_name: word('default', 'other', '..'),
})

const webhooks = object({
  name: text,
  url: word('https://hooks.example/a', 'http://127.0.0.1:1/', 'file:///etc/hosts', 'x', `https://${'a'.repeat(3000)}`),
  description: text,
  secret: text,
  status: word('ACTIVE', 'DISABLED', 'odd'),
  events: list(
    object({
      entity: word('REGISTERED_MODEL', 'MODEL_VERSION', 'MODEL_VERSION_TAG', 'PROMPT', 'constructor'),
      action: word('CREATED', 'SET', 'DELETED', 'toString'),
    }),
  ),
  event: object({ entity: text, action: text }),
  max_results: whole,
  page_token: text,
})

const graphql = object(
  {
    query: word(
      'query($i: MlflowGetRunInput!) { mlflowGetRun(input: $i) { run { info { runId } data { metrics { key value } } modelVersions { name } } } }',
      '{ mlflowGetExperiment(input: {experimentId: "0"}) { experiment { experimentId name tags { key value } } } }',
      '{ mlflowSearchRuns(input: {experimentIds: ["0"], filter: "metrics.loss > 0", orderBy: ["x"]}) { runs { info { runName } } nextPageToken } }',
      '{ mlflowSearchModelVersions(input: {filter: "name = \'late\'"}) { modelVersions { name version } } }',
      '{ mlflowListArtifacts(input: {runId: "x", path: "../.."}) { files { path } } }',
      '{ mlflowGetMetricHistoryBulkInterval(input: {runIds: [7, null], metricKey: {a: 1}, maxResults: "x"}) { metrics { value } } }',
      'mutation { mlflowSearchDatasets(input: {experimentIds: ["0"]}) { datasetSummaries { name } } }',
      `{ a ${'{ b '.repeat(3000)}`,
      'query A { __typename } query B { __typename }',
      '{ ...f } fragment f on T { ...f }',
      '{ __schema { types { name } } }',
      '{ constructor { name } mlflowGetRun { __proto__ } }',
      '{',
      '"""',
    ),
    variables: { anyOf: [object({ i: object({ runId: text }) }), {}] },
    operationName: word('A', 'B', 'C', '', null),
  },
  'query',
)

/** Families of calls that have fields of their own. */
const families: readonly (readonly [RegExp, Schema])[] = [
  [/\/graphql$/, graphql],
  [/\/v1\/traces$/, spans],
  [/\/traces\/metrics$/, metrics],
  [/\/(traces|assessments)(\/|$|:)/, traces],
  [/\/scorers\//, scorers],
  [/\/datasets(\/|$)/, datasets],
  [/\/(users|permissions|workspaces)(\/|$)/, people],
  [/\/webhooks(\/|$)/, webhooks],
]

/** What a call of MLflow's wire reads. */
export const wireSchemaOf = (url: string): Schema => families.find(([which]) => which.test(url))?.[1] ?? mlflowSchema

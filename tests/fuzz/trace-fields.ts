import {
  text,
  whole,
  list,
  object,
  word,
  texts,
  pairs,
  jsonText,
  instant,
  lasting,
  filterString,
} from './field-words.ts'
import type { Schema } from './sample-schema.ts'

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
export const spans = object(
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

export const traces = object({
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

export const metrics = object(
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

export const scorers = object({
  experiment_id: word('0', '7', 7),
  experiment_ids: list(word('0', '7')),
  name: text,
  serialized_scorer: { anyOf: [jsonText, text] },
  version: word(1, '1', 0, -1, 2 ** 53 - 1, 'x'),
  scorer_version: word(1, 'x'),
})

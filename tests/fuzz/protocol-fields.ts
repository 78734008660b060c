import { oddText } from './odd-values.ts'
import type { Random } from './random.ts'
import type { Pool, Schema } from './sample-schema.ts'

const text: Schema = { type: 'string' }
const whole: Schema = { type: 'integer' }
const list = (items: Schema): Schema => ({ type: 'array', items })
const pair: Schema = { type: 'object', properties: { key: text, value: text }, required: ['key', 'value'] }
const word = (...words: string[]): Schema => ({ enum: words })

/** What MLflow's calls read; they have no schema in the contract because the protocol is lenient. */
const fields: Readonly<Record<string, Schema>> = {
  run_id: text,
  run_uuid: text,
  experiment_id: text,
  experiment_name: text,
  name: text,
  new_name: text,
  key: text,
  value: text,
  version: text,
  alias: text,
  stage: word('Staging', 'Production', 'None', 'Archived', 'odd'),
  source: text,
  model_id: text,
  model_type: text,
  path: text,
  metric_key: text,
  metric_keys: list(text),
  run_ids: list(text),
  experiment_ids: list(text),
  order_by: list(text),
  page_token: text,
  max_results: whole,
  max_points: whole,
  start_time: whole,
  end_time: whole,
  start_step: whole,
  end_step: whole,
  step: whole,
  timestamp: whole,
  status: word('RUNNING', 'FINISHED', 'FAILED', 'KILLED', 'SCHEDULED', 'odd'),
  view_type: word('ACTIVE_ONLY', 'DELETED_ONLY', 'ALL', 'odd'),
  run_view_type: word('ACTIVE_ONLY', 'DELETED_ONLY', 'ALL', 'odd'),
  tags: list(pair),
  params: list(pair),
  metrics: list({
    type: 'object',
    properties: {
      key: text,
      value: { anyOf: [{ type: 'number' }, word('NaN', 'Infinity', '-Infinity')] },
      timestamp: whole,
      step: whole,
    },
    required: ['key', 'value', 'timestamp'],
  }),
  datasets: list({
    type: 'object',
    properties: {
      tags: list(pair),
      dataset: {
        type: 'object',
        properties: { name: text, digest: text, source_type: text, source: text, schema: text, profile: text },
      },
    },
    required: ['dataset'],
  }),
  models: list({ type: 'object', properties: { model_id: text, step: whole } }),
  model_json: text,
  archive_existing_versions: { type: 'boolean' },
  ascending: { type: 'boolean' },
  description: text,
  artifact_location: text,
}

/** All fields as one object; each is there or not by chance. */
export const mlflowSchema: Schema = { type: 'object', properties: fields }

/** Rows for a model, in the forms of the inference protocols. */
export const inferenceSchema: Schema = {
  type: 'object',
  properties: {
    id: text,
    eventTime: whole,
    inputs: {
      anyOf: [
        {
          type: 'object',
          properties: { origin: text, distance: { type: 'number' }, hour: whole, recent_delay: { type: 'number' } },
        },
        list({
          type: 'object',
          properties: {
            name: word('origin', 'distance', 'hour', 'recent_delay', 'odd'),
            shape: list(whole),
            datatype: word('FP32', 'FP64', 'INT64', 'BYTES', 'BOOL', 'odd'),
            data: list({}),
            parameters: { type: 'object', properties: { binary_data_size: whole } },
          },
          required: ['name', 'shape', 'datatype', 'data'],
        }),
      ],
    },
    rows: list({ type: 'object', properties: { id: text, eventTime: whole, inputs: {} } }),
    dataframe_split: {
      type: 'object',
      properties: { columns: list(text), index: list(whole), data: list(list({})) },
    },
    dataframe_records: list({}),
    instances: list({}),
    outputs: list({ type: 'object', properties: { name: text, parameters: {} } }),
  },
}

const identifiers = [
  'metrics.loss',
  'params.rate',
  'tags.about',
  'tags.`a b`',
  'attributes.run_id',
  'attributes.start_time',
  'run_name',
  'status',
  'name',
  'creation_timestamp',
  'dataset.name',
  'datasets.digest',
  'metrics."x"',
  'odd.thing',
  'aliases',
  'version_number',
  'run_id',
]
const operators = [
  '=',
  '!=',
  '>',
  '>=',
  '<',
  '<=',
  'LIKE',
  'ILIKE',
  'IN',
  'NOT IN',
  'IS NULL',
  'IS NOT NULL',
  '==',
  '~',
]

/** A sentence of the filter language, right or nearly so. */
export function filterText(random: Random, pool: Pool): string {
  const value = (): string =>
    random.pick([
      `'${(pool.find(random, 'name', undefined) ?? oddText(random)).replaceAll("'", random.chance(0.8) ? '' : "''")}'`,
      `"${oddText(random)}"`,
      '0.5',
      '-1e308',
      '1e999',
      "('a', 'b')",
      `(${Array.from({ length: random.pick([1, 50, 2000]) }, () => "'x'").join(',')})`,
      '',
      "'%_\\'",
      'NaN',
    ])
  const clause = (): string => `${random.pick(identifiers)} ${random.pick(operators)} ${value()}`
  const count = random.pick([1, 1, 2, 3, 40])
  const made = Array.from({ length: count }, clause).join(random.pick([' AND ', ' and ', ' OR ', ' ', ' AND AND ']))
  if (random.chance(0.2)) return made.slice(0, random.below(made.length + 1))
  if (random.chance(0.1)) return `${'('.repeat(random.pick([1, 3000]))}${made}${random.chance(0.5) ? ')' : ''}`
  return made
}

/** What a list is to be sorted by. */
export function orderText(random: Random): string {
  return `${random.pick(identifiers)} ${random.pick(['ASC', 'DESC', 'desc', 'up', '', 'ASC, x'])}`
}

import { text, whole, list, object, word, jsonText, filterString } from './field-words.ts'
import { mlflowSchema } from './protocol-fields.ts'
import type { Schema } from './sample-schema.ts'
import { metrics, scorers, spans, traces } from './trace-fields.ts'

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

import { post, type Script, type Step } from '../step.ts'

const at = '/api/3.0/mlflow/datasets'
const records = (name: string, list: unknown): Step => ({
  name,
  method: 'POST',
  path: `${at}/{{dataset}}/records`,
  body: { records: JSON.stringify(list) },
})
const call = (name: string, method: Step['method'], path: string, body?: object): Step => ({
  name,
  method,
  path: `${at}/${path}`,
  ...(body ? { body } : {}),
})
/** What is made of the time and of chance is left out. */
const facts = [
  'dataset.name',
  'dataset.tags',
  'dataset.schema',
  'dataset.profile',
  'dataset.experiment_ids',
  'dataset.created_by',
]

export const evaluationDatasets: Script = {
  name: 'evaluation-datasets',
  steps: [
    post('an experiment', 'experiments/create', { name: 'judged' }, { save: { experiment: 'experiment_id' } }),
    {
      ...call('a dataset', 'POST', 'create', {
        name: 'questions',
        experiment_ids: ['{{experiment}}'],
        tags: JSON.stringify({ team: 'ops', 'mlflow.user': 'ann' }),
      }),
      save: { dataset: 'dataset.dataset_id' },
      only: facts,
    },
    { ...call('another with the same name', 'POST', 'create', { name: 'questions' }), only: facts },
    call('one without a name', 'POST', 'create', {}),
    records('records', [
      { inputs: { q: 'storms?', top: 3 }, expectations: { a: 'yes', sure: 0.5 }, tags: { 'mlflow.user': 'bob' } },
      { inputs: { q: 'snow?' }, outputs: { a: 'no' } },
      { inputs: { q: 'rain?' }, outputs: 'a text', source: { source_type: 'HUMAN', source_data: { source_id: 'x' } } },
    ]),
    records('the same inputs in another order', [{ inputs: { top: 3, q: 'storms?' }, expectations: { b: [1] } }]),
    { ...call('the dataset now', 'GET', '{{dataset}}'), only: facts },
    call('its experiments', 'GET', '{{dataset}}/experiment-ids'),
    call('more tags', 'PATCH', '{{dataset}}/tags', { tags: JSON.stringify({ stage: 'early', n: 7 }) }),
    call('a tag goes', 'DELETE', '{{dataset}}/tags/team'),
    call('a tag that is not there goes', 'DELETE', '{{dataset}}/tags/never'),
    { ...call('the tags', 'GET', '{{dataset}}'), only: ['dataset.tags'] },
    {
      ...call('found by a tag', 'POST', 'search', { filter_string: "tags.stage = 'early'" }),
      only: ['datasets[].name'],
    },
    {
      ...call('found by its experiment', 'POST', 'search', { experiment_ids: ['{{experiment}}'] }),
      only: ['datasets[].name'],
    },
    {
      ...call('found by who made it', 'POST', 'search', { filter_string: "created_by = 'ann' AND name LIKE 'q%'" }),
      only: ['datasets[].name'],
    },
    {
      ...call('found by GET', 'GET', 'search?filter_string=name+%3D+%27questions%27&max_results=10'),
      only: ['datasets[].name'],
    },
    call('a filter by what is not there', 'POST', 'search', { filter_string: "nonsense = 'x'" }),
    call('an order by what is not there', 'POST', 'search', { order_by: ['nonsense'] }),
    call('joined to an experiment that is not there', 'POST', '{{dataset}}/add-experiments', {
      experiment_ids: ['999'],
    }),
    {
      ...call('joined to another', 'POST', '{{dataset}}/add-experiments', { experiment_ids: ['0'] }),
      only: ['dataset.name'],
    },
    {
      ...call('left again', 'POST', '{{dataset}}/remove-experiments', { experiment_ids: ['0', '77'] }),
      only: ['dataset.name'],
    },
    call('its experiments at last', 'GET', '{{dataset}}/experiment-ids'),
    call('records that are not there go', 'DELETE', '{{dataset}}/records', { dataset_record_ids: ['dr-none'] }),
    call('records that are no JSON', 'POST', '{{dataset}}/records', { records: '{' }),
    call('no records', 'POST', '{{dataset}}/records', {}),
    call('a dataset that is not there', 'GET', 'd-00000000000000000000000000000000'),
    call('records of one that is not there', 'GET', 'd-00000000000000000000000000000000/records'),
    call('it is removed', 'DELETE', '{{dataset}}'),
    call('it is removed again', 'DELETE', '{{dataset}}'),
  ],
}

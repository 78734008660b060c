import { get, post, remove, saved, type Script, type Step } from '../step.ts'

const run_id = saved('run')
const model_id = saved('model')
const other_id = saved('other')
const metric = (name: string, fields: object): Step => post(name, 'runs/log-metric', { run_id, model_id, ...fields })
const batch = (name: string, metrics: readonly object[], run = run_id): Step =>
  post(name, 'runs/log-batch', { run_id: run, metrics })
const model = (name: string, id = model_id): Step =>
  get(name, `logged-models/${id}`, {}, { only: ['model.data.metrics'] })
const search = (name: string, fields: object): Step =>
  post(
    name,
    'logged-models/search',
    { experiment_ids: ['0'], order_by: [{ field_name: 'name' }], ...fields },
    { only: ['models[].info.name'] },
  )
const flights = { dataset_name: 'flights', dataset_digest: 'abc' }

/** Which points of a metric a logged model keeps, and which of them searches and orders look at. */
export const loggedModelMetrics: Script = {
  name: 'logged-model-metrics',
  steps: [
    post(
      'a run',
      'runs/create',
      { experiment_id: '0', run_name: 'one', start_time: 1 },
      { save: { run: 'run.info.run_id' } },
    ),
    post(
      'another run',
      'runs/create',
      { experiment_id: '0', run_name: 'two', start_time: 2 },
      { save: { second: 'run.info.run_id' } },
    ),
    post(
      'a model',
      'logged-models',
      { experiment_id: '0', name: 'a' },
      { save: { model: 'model.info.model_id' }, only: ['model.info.name'] },
    ),
    post(
      'another model',
      'logged-models',
      { experiment_id: '0', name: 'b' },
      { save: { other: 'model.info.model_id' }, only: ['model.info.name'] },
    ),
    metric('a point', { key: 'acc', value: 0.9, timestamp: 10, step: 0 }),
    metric('a later point', { key: 'acc', value: 0.5, timestamp: 20, step: 1 }),
    metric('a point that comes late', { key: 'acc', value: 0.4, timestamp: 5, step: 7 }),
    model('all points are there'),
    batch('several at once', [
      { key: 'acc', value: 0.7, timestamp: 30, step: 2, model_id },
      { key: 'acc', value: 0.75, timestamp: 30, step: 3, model_id },
      { key: 'f1', value: 0.2, timestamp: 30, step: 2, model_id },
      { key: 'f1', value: 0.3, timestamp: 30, step: 2 },
      { key: 'acc', value: 0.65, timestamp: 40, step: 0, model_id: other_id },
    ]),
    batch('points of another run', [{ key: 'acc', value: 0.6, timestamp: 10, step: 0, model_id }], saved('second')),
    model('with those'),
    metric('the same point again', { key: 'acc', value: 0.9, timestamp: 10, step: 0 }),
    metric('the same point on a dataset', { key: 'acc', value: 0.9, timestamp: 10, step: 0, ...flights }),
    metric('the same point with another value', { key: 'acc', value: 0.95, timestamp: 10, step: 0 }),
    model('what the points that were there before are now'),
    metric('a point on a dataset', { key: 'acc', value: 0.8, timestamp: 35, step: 4, ...flights }),
    metric('one on a dataset without a digest', {
      key: 'acc',
      value: 0.81,
      timestamp: 36,
      step: 4,
      dataset_name: 'flights',
    }),
    metric('one with a digest only', { key: 'acc', value: 0.82, timestamp: 37, step: 4, dataset_digest: 'abc' }),
    batch('a point twice in a batch', [
      { key: 'twice', value: 1, timestamp: 1, step: 1, model_id },
      { key: 'twice', value: 1, timestamp: 1, step: 1, model_id },
    ]),
    batch('a point with two values in a batch', [
      { key: 'unsure', value: 1, timestamp: 1, step: 1, model_id },
      { key: 'unsure', value: 2, timestamp: 1, step: 1, model_id },
    ]),
    batch('new points beside one that is there', [
      { key: 'acc', value: 0.9, timestamp: 10, step: 0, model_id },
      { key: 'new', value: 3, timestamp: 10, step: 0, model_id },
    ]),
    metric('not a number', { key: 'nan', value: 'NaN', timestamp: 1, step: 0 }),
    metric('infinity', { key: 'infinite', value: 'Infinity', timestamp: 1, step: -3 }),
    model('with all of them'),
    get('what the run knows of it', 'metrics/get-history', { run_id, metric_key: 'acc' }),
    metric('a metric of no model', { key: 'acc', value: 1, timestamp: 99, step: 0, model_id: `m-${'f'.repeat(32)}` }),
    get(
      'whether the run has it',
      'metrics/get-history',
      { run_id, metric_key: 'acc' },
      { only: ['metrics[].timestamp'] },
    ),
    batch('a batch with a metric of no model', [
      { key: 'acc2', value: 1, timestamp: 99, step: 0, model_id: `m-${'f'.repeat(32)}` },
    ]),
    ...['> 0.85', '< 0.45', '= 0.5', '= 0.65', '!= 0.65', '> 0.99'].map((test) =>
      search(`models with acc ${test}`, { filter: `metrics.acc ${test}` }),
    ),
    search('models with two points that fit', { filter: 'metrics.acc > 0.6' }),
    search('models with a NaN', { filter: 'metrics.nan = 0' }),
    search('models with an infinity', { filter: 'metrics.infinite > 100' }),
    search('models by a point on a dataset', { filter: 'metrics.acc > 0.75', datasets: [{ dataset_name: 'flights' }] }),
    search('models by a point elsewhere', { filter: 'metrics.acc > 0.85', datasets: [flights] }),
    search('models of a dataset', { datasets: [{ dataset_name: 'flights' }] }),
    search('models of another dataset', { datasets: [{ dataset_name: 'trains' }] }),
    search('models by acc', { order_by: [{ field_name: 'metrics.acc' }] }),
    search('models by acc, the best first', { order_by: [{ field_name: 'metrics.acc', ascending: false }] }),
    batch('the other gets a newer point, earlier in steps', [
      { key: 'acc', value: 0.99, timestamp: 39, step: 9, model_id: other_id },
    ]),
    search('models by acc then', { order_by: [{ field_name: 'metrics.acc', ascending: false }] }),
    batch('a point at the same time, later in steps', [
      { key: 'acc', value: 0.1, timestamp: 40, step: 1, model_id: other_id },
    ]),
    search('models by acc with that', { order_by: [{ field_name: 'metrics.acc', ascending: false }] }),
    search('models by acc on a dataset', {
      order_by: [{ field_name: 'metrics.acc', dataset_name: 'flights', dataset_digest: 'abc' }],
    }),
    search('models by what one has not', { order_by: [{ field_name: 'metrics.f1', ascending: false }] }),
    post(
      'a page with their points',
      'logged-models/search',
      { experiment_ids: ['0'], order_by: [{ field_name: 'name' }] },
      { only: ['models[].data.metrics'] },
    ),
    remove('the model is deleted', `logged-models/${model_id}`, { model_id }),
    metric('a point for a deleted model', { key: 'late', value: 1, timestamp: 1, step: 0 }),
    search('models with acc then', { filter: 'metrics.acc > 0' }),
    get('the deleted one', `logged-models/${model_id}`, { allow_deleted: true }, { only: ['model.data.metrics'] }),
  ],
}

import { get, post, saved, type Script } from '../step.ts'

const points = Array.from({ length: 12 }, (_, step) => ({
  key: 'loss',
  value: 1 / (step + 1),
  timestamp: 1000 + step,
  step,
}))
const [first, second] = [saved('first'), saved('second')]

export const metrics: Script = {
  name: 'metrics',
  steps: [
    post(
      'a run',
      'runs/create',
      { experiment_id: '0', run_name: 'one', start_time: 1 },
      { save: { first: 'run.info.run_id' } },
    ),
    post(
      'another run',
      'runs/create',
      { experiment_id: '0', run_name: 'two', start_time: 2 },
      { save: { second: 'run.info.run_id' } },
    ),
    post('its points', 'runs/log-batch', { run_id: first, metrics: points }),
    post('points of the other', 'runs/log-batch', {
      run_id: second,
      metrics: points.filter(({ step }) => step % 3 === 0).map((p) => ({ ...p, step: p.step * 2 })),
    }),
    post('strange points', 'runs/log-batch', {
      run_id: first,
      metrics: [
        { key: 'odd', value: 'NaN', timestamp: 3, step: 0 },
        { key: 'odd', value: 'Infinity', timestamp: 2, step: 1 },
        { key: 'odd', value: '-Infinity', timestamp: 2, step: 0 },
        { key: 'odd', value: 7, timestamp: 1, step: 5 },
      ],
    }),
    get(
      'history, a page',
      'metrics/get-history',
      { run_id: first, metric_key: 'loss', max_results: 5 },
      { save: { page: 'next_page_token' } },
    ),
    get(
      'history, the next page',
      'metrics/get-history',
      { run_id: first, metric_key: 'loss', max_results: 5, page_token: saved('page') },
      { save: { last: 'next_page_token' } },
    ),
    get('history, the last page', 'metrics/get-history', {
      run_id: first,
      metric_key: 'loss',
      max_results: 5,
      page_token: saved('last'),
    }),
    get('history in one page', 'metrics/get-history', { run_id: first, metric_key: 'loss', max_results: 100 }),
    get('history of strange points', 'metrics/get-history', { run_id: first, metric_key: 'odd', max_results: 100 }),
    get(
      'history by the older name',
      'metrics/get-history',
      { run_uuid: first, metric_key: 'odd', max_results: 100 },
      { only: ['metrics[].step'] },
    ),
    get('history without a page size', 'metrics/get-history', { run_id: first, metric_key: 'loss' }),
    get('history of a metric that is not there', 'metrics/get-history', {
      run_id: first,
      metric_key: 'none',
      max_results: 5,
    }),
    get('history of a run that is not there', 'metrics/get-history', {
      run_id: 'f'.repeat(32),
      metric_key: 'loss',
      max_results: 5,
    }),
    get(
      'history without a metric',
      'metrics/get-history',
      { run_id: first },
      { says: "Missing value for required parameter 'metric_key'" },
    ),
    get('history with a token that is none', 'metrics/get-history', {
      run_id: first,
      metric_key: 'loss',
      max_results: 5,
      page_token: 'x',
    }),
    get('thinned', 'metrics/get-history-bulk-interval', { run_ids: first, metric_key: 'loss', max_results: 4 }),
    get('thinned, two runs', 'metrics/get-history-bulk-interval', {
      run_ids: [first, second],
      metric_key: 'loss',
      max_results: 4,
    }),
    get('thinned, more points than there are', 'metrics/get-history-bulk-interval', {
      run_ids: second,
      metric_key: 'loss',
      max_results: 100,
    }),
    get('thinned, between steps', 'metrics/get-history-bulk-interval', {
      run_ids: first,
      metric_key: 'loss',
      start_step: 2,
      end_step: 9,
      max_results: 3,
    }),
    get('thinned, steps without points', 'metrics/get-history-bulk-interval', {
      run_ids: first,
      metric_key: 'loss',
      start_step: 100,
      end_step: 200,
      max_results: 3,
    }),
    get('thinned, one point', 'metrics/get-history-bulk-interval', {
      run_ids: first,
      metric_key: 'loss',
      max_results: 1,
    }),
    get(
      'thinned, a start without an end',
      'metrics/get-history-bulk-interval',
      { run_ids: first, metric_key: 'loss', start_step: 2, max_results: 3 },
      { says: 'both must be specified.' },
    ),
    get(
      'thinned, an end before the start',
      'metrics/get-history-bulk-interval',
      { run_ids: first, metric_key: 'loss', start_step: 5, end_step: 2, max_results: 3 },
      { says: 'end_step must be greater than start_step. Found start_step=5 and end_step=2.' },
    ),
    get('thinned, too many points', 'metrics/get-history-bulk-interval', {
      run_ids: first,
      metric_key: 'loss',
      max_results: 2501,
    }),
    get('thinned, no points', 'metrics/get-history-bulk-interval', {
      run_ids: first,
      metric_key: 'loss',
      max_results: 0,
    }),
    get('thinned, without runs', 'metrics/get-history-bulk-interval', { metric_key: 'loss', max_results: 5 }),
    get(
      'thinned, without a metric',
      'metrics/get-history-bulk-interval',
      { run_ids: first, max_results: 5 },
      { says: "Missing value for required parameter 'metric_key'" },
    ),
    get(
      'thinned, too many runs',
      'metrics/get-history-bulk-interval',
      {
        run_ids: Array.from({ length: 101 }, (_, i) => String(i).padStart(32, 'a')),
        metric_key: 'loss',
        max_results: 5,
      },
      { says: 'must specify at most 100 run_ids' },
    ),
    {
      ...get(
        'all points of two runs',
        'metrics/get-history-bulk',
        { run_id: [first, second], metric_key: 'loss', max_results: 8 },
        { only: ['metrics[].step', 'metrics[].value'] },
      ),
      path: `/ajax-api/2.0/mlflow/metrics/get-history-bulk?run_id=${first}&metric_key=loss&max_results=8`,
    },
    {
      ...get('all points without a metric', 'x'),
      path: `/ajax-api/2.0/mlflow/metrics/get-history-bulk?run_id=${first}`,
    },
    { ...get('all points without runs', 'x'), path: '/ajax-api/2.0/mlflow/metrics/get-history-bulk?metric_key=loss' },
  ],
}

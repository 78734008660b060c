import { get, post, type Script, type Step } from '../step.ts'

const raw = (
  name: string,
  path: string,
  text: string,
  headers: Record<string, string> = { 'content-type': 'application/json' },
): Step => ({ name, method: 'POST', path: `/api/2.0/mlflow/${path}`, raw: text, headers })

export const protocol: Script = {
  name: 'protocol',
  steps: [
    raw('no JSON', 'experiments/create', '{'),
    raw('JSON that is a list', 'experiments/create', '[]'),
    raw('JSON that is a number', 'experiments/create', '7'),
    raw('JSON that is null', 'experiments/create', 'null'),
    raw('an empty body', 'experiments/create', ''),
    raw(
      'JSON in JSON, as old clients send it',
      'experiments/create',
      JSON.stringify(JSON.stringify({ name: 'double' })),
    ),
    raw('another type of content', 'experiments/create', '{"name":"plain"}', { 'content-type': 'text/plain' }),
    raw('a type with a character set', 'experiments/create', '{"name":"charset"}', {
      'content-type': 'application/json; charset=utf-8',
    }),
    {
      name: 'the other prefix',
      method: 'GET',
      path: '/ajax-api/2.0/mlflow/experiments/get-by-name?experiment_name=double',
    },
    { name: 'a call that is not there', method: 'GET', path: '/api/2.0/mlflow/experiments/nonsense' },
    {
      name: 'a version of the interface that is not there',
      method: 'GET',
      path: '/api/9.0/mlflow/experiments/get?experiment_id=0',
    },
    get('a method that the call does not have', 'experiments/create'),
    { name: 'the health of the server', method: 'GET', path: '/health' },
    post('a flag as word', 'runs/search', { experiment_ids: ['0'], max_results: '5' }, { only: ['runs'] }),
    post('a field of the wrong kind', 'runs/search', { experiment_ids: ['0'], filter: 7 }),
    post('a list of the wrong kind', 'runs/search', { experiment_ids: ['0'], order_by: [7] }),
    post('null is nothing', 'runs/search', { experiment_ids: ['0'], filter: null }, { only: ['runs'] }),
    { name: 'what the server is', method: 'GET', path: '/api/3.0/mlflow/server-info' },
  ],
}

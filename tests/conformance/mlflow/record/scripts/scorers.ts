import type { Script, Step } from '../step.ts'

const at = '/api/3.0/mlflow/scorers'
const call = (name: string, method: 'POST' | 'PUT' | 'DELETE', path: string, body: object): Step => ({
  name,
  method,
  path: `${at}/${path}`,
  body,
})
const get = (name: string, path: string): Step => ({ name, method: 'GET', path: `${at}/${path}` })
/** A scorer as clients write it down; the server does not look into it, but for what it would have to run. */
const judge = (instructions: string, more: object = {}): string =>
  JSON.stringify({
    name: 'judge',
    instructions_judge_pydantic_data: { instructions, model: 'openai:/gpt', ...more },
  })
const facts = ['version', 'experiment_id', 'name', 'serialized_scorer']
/** Lists of the real server write the scorers anew, with other blanks. */
const listed = ['scorers[].scorer_name', 'scorers[].scorer_version', 'scorers[].experiment_id']
const one = ['scorer.scorer_name', 'scorer.scorer_version', 'scorer.experiment_id', 'scorer.serialized_scorer']
const register = (name: string, scorer: string, text: unknown): Step => ({
  ...call(name, 'POST', 'register', { experiment_id: '0', name: scorer, serialized_scorer: text }),
  only: facts,
})

export const scorers: Script = {
  name: 'scorers',
  steps: [
    {
      name: 'another experiment',
      method: 'POST',
      path: '/api/2.0/mlflow/experiments/create',
      body: { name: 'other' },
      save: { experiment: 'experiment_id' },
    },
    { ...register('a scorer', 'judge', judge('first')), save: { scorer: 'scorer_id' } },
    register('its second version', 'judge', judge('second')),
    register('another', 'a judge', judge('other')),
    {
      ...call('one of the other experiment', 'POST', 'register', {
        experiment_id: '{{experiment}}',
        name: 'judge',
        serialized_scorer: judge('there'),
      }),
      only: facts,
    },
    { ...get('the newest of each', 'list?experiment_id=0'), only: listed },
    { ...get('those of several experiments', 'list?experiment_ids=0&experiment_ids={{experiment}}'), only: listed },
    { ...get('all of them', 'list'), only: listed },
    get('both ways at once', 'list?experiment_id=0&experiment_ids=0'),
    { ...get('the versions', 'versions?experiment_id=0&name=judge'), only: listed },
    { ...get('the newest', 'get?experiment_id=0&name=judge'), only: one },
    { ...get('the first', 'get?experiment_id=0&name=judge&version=1'), only: one },
    get('a version that is not there', 'get?experiment_id=0&name=judge&version=7'),
    get('a scorer that is not there', 'get?experiment_id=0&name=nobody'),
    get('versions of one that is not there', 'versions?experiment_id=0&name=nobody'),
    get('a scorer of an experiment that is not there', 'get?experiment_id=77&name=judge'),
    get('scorers of an experiment that is not there', 'list?experiment_id=77'),
    get('scorers without a name', 'get?experiment_id=0'),
    get('no settings', 'online-configs?scorer_ids={{scorer}}'),
    call('switched off', 'PUT', 'online-config', { experiment_id: '0', name: 'judge', sample_rate: 0 }),
    call('switched on', 'PUT', 'online-config', { experiment_id: '0', name: 'judge', sample_rate: 0.5 }),
    call('too often', 'PUT', 'online-config', { experiment_id: '0', name: 'judge', sample_rate: 2 }),
    call('of nobody', 'PUT', 'online-config', { experiment_id: '0', name: 'nobody', sample_rate: 0 }),
    call('with a bad filter', 'PUT', 'online-config', {
      experiment_id: '0',
      name: 'judge',
      sample_rate: 0,
      filter_string: 'nonsense ===',
    }),
    register('a scorer with a blank name', '  ', judge('x')),
    register('a scorer without a name', '', judge('x')),
    register('what is no JSON', 'judge', '{'),
    register('code', 'code', JSON.stringify({ name: 'code', call_source: 'return 1', call_signature: '()' })),
    register('code within', 'code', JSON.stringify({ all: [{ call_source: 'return 1' }] })),
    register('a model of the gateway', 'far', judge('x', { model: 'gateway:/nobody' })),
    register('a model without a name', 'empty', judge('x', { model: ' ' })),
    call('the first version goes', 'DELETE', 'delete', { experiment_id: '0', name: 'judge', version: 1 }),
    call('it goes again', 'DELETE', 'delete', { experiment_id: '0', name: 'judge', version: 1 }),
    { ...get('the versions that are left', 'versions?experiment_id=0&name=judge'), only: listed },
    register('the next version', 'judge', judge('third')),
    call('all go', 'DELETE', 'delete', { experiment_id: '0', name: 'judge' }),
    call('all go again', 'DELETE', 'delete', { experiment_id: '0', name: 'judge' }),
    { ...get('what is left', 'list?experiment_id=0'), only: listed },
    register('the name is free again', 'judge', judge('anew')),
  ],
}

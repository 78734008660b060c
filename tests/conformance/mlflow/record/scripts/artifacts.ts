import { get, post, saved, type Script, type Step } from '../step.ts'

const proxy = '/api/2.0/mlflow-artifacts/artifacts'
const root = `0/${saved('run')}/artifacts`
const put = (name: string, path: string, raw: string): Step => ({ name, method: 'PUT', path: `${proxy}/${path}`, raw })
const read = (name: string, path: string): Step => ({ name, method: 'GET', path: `${proxy}/${path}` })
const drop = (name: string, path: string): Step => ({ name, method: 'DELETE', path: `${proxy}/${path}` })

export const artifacts: Script = {
  name: 'artifacts',
  steps: [
    post(
      'a run',
      'runs/create',
      { experiment_id: '0', run_name: 'one', start_time: 1 },
      { save: { run: 'run.info.run_id' } },
    ),
    get('no files yet', 'artifacts/list', { run_id: saved('run') }),
    put('a file', `${root}/notes.txt`, 'hello'),
    put('a file in a folder', `${root}/model/data/weights.bin`, '12345678'),
    put('a file with a space in its name', `${root}/model/a%20b.txt`, 'x'),
    put('an empty file', `${root}/empty`, ''),
    get('its files', 'artifacts/list', { run_id: saved('run') }),
    get('by the older name', 'artifacts/list', { run_uuid: saved('run') }, { only: ['files[].path'] }),
    get('a folder', 'artifacts/list', { run_id: saved('run'), path: 'model' }),
    get('a folder in it', 'artifacts/list', { run_id: saved('run'), path: 'model/data' }),
    get('a file as folder', 'artifacts/list', { run_id: saved('run'), path: 'notes.txt' }),
    get('a folder that is not there', 'artifacts/list', { run_id: saved('run'), path: 'none' }),
    get('files of a run that is not there', 'artifacts/list', { run_id: 'f'.repeat(32) }),
    get('files of no run', 'artifacts/list', {}),
    ...['../..', '/etc', '%2e%2e/%2e%2e', '..', 'model/../..', '..\\..', './model', 'model//data'].map((path) =>
      get(`files at ${path}`, 'artifacts/list', { run_id: saved('run'), path }),
    ),
    {
      name: 'the proxy lists',
      method: 'GET',
      path: `${proxy}?path=${encodeURIComponent('0')}%2F${saved('run')}%2Fartifacts`,
    },
    { name: 'the proxy lists a folder', method: 'GET', path: `${proxy}?path=0%2F${saved('run')}%2Fartifacts%2Fmodel` },
    { name: 'the proxy lists upward', method: 'GET', path: `${proxy}?path=0%2F${saved('run')}%2Fartifacts%2F..%2F..` },
    read('a file is read', `${root}/notes.txt`),
    read('an empty file is read', `${root}/empty`),
    read('a file that is not there', `${root}/none.txt`),
    read('a file upward', `${root}/%2e%2e/%2e%2e/x`),
    put('a file is written upward', `${root}/%2e%2e/x`, 'x'),
    drop('a folder is removed', `${root}/model`),
    drop('a file that is not there is removed', `${root}/none.txt`),
    get('what is left', 'artifacts/list', { run_id: saved('run') }, { only: ['files[].path'] }),
    {
      name: 'an upload in parts where the store has none',
      method: 'POST',
      path: `/api/2.0/mlflow-artifacts/mpu/create/${root}`,
      body: { path: 'big.bin', num_parts: 1 },
    },
  ],
}

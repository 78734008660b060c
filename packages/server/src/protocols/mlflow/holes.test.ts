import { type Client, createWorld, type World } from '@trivium/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'

/** Holes that MLflow's server had, tried at each address of its interface where they could be; what others try stands in `docs/reference/mlflow.md`. */
let world: World
let writer: Client
let run: string
let model: string
const api = '/api/2.0/mlflow'
const page = '<script>alert(1)</script>'

beforeAll(async () => {
  world = await createWorld({})
  writer = await world.as('contributor')
  const post = async (path: string, body: object) => (await writer.call('POST', `${api}/${path}`, body)).json
  run = (await post('runs/create', { experiment_id: '0' })).run.info.run_id
  model = (await post('logged-models', { experiment_id: '0', name: 'm' })).model.info.model_id
  const files = '/api/2.0/mlflow-artifacts/artifacts/0'
  await writer.call('PUT', `${files}/${run}/artifacts/model/page.html`, page)
  await writer.call('PUT', `${files}/models/${model}/artifacts/page.html`, page)
  await post('registered-models/create', { name: 'kept' })
  await post('model-versions/create', { name: 'kept', source: `runs:/${run}/model`, run_id: run })
}, 60_000)
afterAll(() => world.close())

/** The addresses that send a file, each with the name of one. */
const addresses = (name: string): string[] => [
  `/get-artifact?run_id=${run}&path=${name}`,
  `/get-artifact?run_uuid=${run}&path=model/${name}`,
  `/model-versions/get-artifact?name=kept&version=1&path=${name}`,
  `/api/2.0/mlflow-artifacts/artifacts/0/${run}/artifacts/${name}`,
  `/ajax-api/2.0/mlflow-artifacts/artifacts/0/models/${model}/artifacts/${name}`,
  `/ajax-api/2.0/mlflow/logged-models/${model}/artifacts/files?artifact_file_path=${name}`,
  `/api/3.0/mlflow/logged-models/${model}/artifacts/files?artifact_file_path=${name}`,
  `/api/2.0/mlflow-artifacts/presigned/0/${run}/artifacts/${name}`,
]

test('no address of a file leads out of its owner, in whatever encoding', async () => {
  const up = '../../../../../../etc/passwd'
  const names = [
    up,
    up.replaceAll('../', '..%2f'),
    up.replaceAll('../', '%2e%2e%2f'),
    up.replaceAll('../', '%252e%252e%252f'),
    up.replaceAll('../', '..%5c'),
    up.replaceAll('../', '..%c0%af'),
    up.replaceAll('../', '....//'),
    '/etc/passwd',
    '%2fetc%2fpasswd',
    'file:///etc/passwd',
    'C:%5cWindows%5cwin.ini',
    'page.html%00.txt',
    'page.html%23/../../x',
    `..%2f..%2f${run}%2fartifacts%2fmodel%2fpage.html`,
  ]
  const wrong: string[] = []
  for (const url of names.flatMap(addresses)) {
    const { status, text } = await writer.call('GET', url)
    if (status < 400 || status >= 500 || text.includes('root:') || text.includes('alert(1)'))
      wrong.push(`${status} ${url}`)
  }
  for (const name of names.slice(0, 6)) {
    const put = await writer.call('PUT', `/api/2.0/mlflow-artifacts/artifacts/0/${run}/artifacts/${name}`, 'x')
    const gone = await writer.call('DELETE', `/api/2.0/mlflow-artifacts/artifacts/0/${run}/artifacts/${name}`)
    if (gone.status >= 500 || put.status >= 500) wrong.push(`${put.status} ${gone.status} ${name}`)
  }
  expect(wrong).toEqual([])
  const paths = await world.kernel.db.read.selectFrom('artifact_file').select('path').execute()
  expect(paths.filter(({ path }) => path.split('/').some((part) => part === '..' || part === ''))).toEqual([])
})

test('a page that somebody uploads is a download in a sandbox at every address', async () => {
  const urls = addresses('page.html').filter((url) => !url.includes('/presigned/'))
  const seen: string[] = []
  for (const url of urls) {
    const { status, headers, text } = await writer.call('GET', url)
    if (status !== 200) continue
    seen.push(url)
    expect([
      url,
      text,
      headers['x-content-type-options'],
      String(headers['content-disposition']).split(';')[0],
    ]).toEqual([url, page, 'nosniff', 'attachment'])
    expect(String(headers['content-security-policy'])).toContain('sandbox')
  }
  expect(seen.length).toBe(5)
})

test('a name is one name, however it is written in an address', async () => {
  const names = ['a%2Fb', 'a%252Fb', 'a%2fb', 'A b', 'a b', 'a+b']
  expect((await writer.call('POST', `${api}/registered-models/create`, { name: 'a/b' })).status).toBe(400)
  for (const name of names)
    await writer.call('POST', `${api}/registered-models/create`, { name, description: `this is ${name}` })
  for (const name of names) {
    const url = `${api}/registered-models/get?name=${encodeURIComponent(name)}`
    expect((await writer.call('GET', url)).json.registered_model).toMatchObject({
      name,
      description: `this is ${name}`,
    })
  }
})

test('a foreign page or host reaches nothing, by whatever spelling', async () => {
  const paths = ['/graphql', `${api}/runs/create`, '/ajax-api/3.0/mlflow/datasets/create', '/v1/traces']
  const { secret } = await world.capabilities.access.createToken(writer.principal, {
    principalId: writer.principal.id,
    name: 'browser',
    kind: 'session',
  })
  for (const url of paths) {
    const foreign = await world.app.inject({
      method: 'POST',
      url,
      headers: {
        host: 'localhost',
        origin: 'https://evil.example',
        cookie: `trivium_session=${secret}`,
        'content-type': 'application/json',
      },
      payload: '{}',
    })
    expect([url, foreign.statusCode]).toEqual([url, 403])
    const rebound = await world.app.inject({
      method: 'POST',
      url,
      headers: { host: 'evil.example', authorization: `Bearer ${writer.token}`, 'content-type': 'application/json' },
      payload: '{}',
    })
    expect([url, rebound.statusCode >= 400 && rebound.statusCode < 500]).toEqual([url, true])
    expect(rebound.body).not.toContain('run_id')
  }
})

test('places that clients name are text: nothing of them is opened', async () => {
  const place = 'http://127.0.0.1:1/inside'
  const dataset = {
    name: 'd',
    digest: 'x',
    source_type: 'http',
    source: JSON.stringify({ url: place, file: '/etc/passwd' }),
  }
  const asked = performance.now()
  expect((await writer.call('POST', `${api}/runs/log-inputs`, { run_id: run, datasets: [{ dataset }] })).status).toBe(
    200,
  )
  for (const source of [
    place,
    'file:///etc/passwd',
    's3://bucket/x',
    `mlflow-artifacts:/0/${run}/artifacts/model?x#y`,
    `runs:/${run}/../../x`,
    'dbfs:/x',
  ])
    expect([
      source,
      (await writer.call('POST', `${api}/model-versions/create`, { name: 'kept', source })).status,
    ]).toEqual([source, 400])
  expect(performance.now() - asked).toBeLessThan(5000)
})

import { createHash } from 'node:crypto'
import { describeEachDatabase, type Client } from '@trivium/testing'
import { beforeAll, expect, test } from 'vitest'

/**
 * Holes that other systems of this kind had, each tried here, or named with the test that tries it:
 *
 * - a route that was forgotten in the list of guarded ones, a second spelling of a guarded route, a project changed by an outsider: `route-matrix.test.ts`
 *   (every route), `route-isolation.test.ts` (every id in path, query and body)
 * - a service on this machine trusted without host and origin, a session stolen by another page: `route-matrix.test.ts`
 * - default passwords: `capabilities/access/access.test.ts`; guessing them: `capabilities/access/sign-in/passwords.test.ts`
 * - requests of the server to inside addresses, by redirect and by name: `kernel/egress`
 * - a bucket that somebody else owns: `drivers/blob` with its mark of ownership
 * - code that is not in a sandbox: `drivers/python-runner`
 * - bodies and names without limit, requests that are no HTTP: `tests/fuzz`
 *
 * `scripts/defences` names what keeps each kind of hole shut, and `npm run defences` takes it out to see a test fail.
 */
describeEachDatabase('holes that others had', ({ world }) => {
  let writer: Client
  let run: string
  let experiment: string
  const mlflow = (method: 'GET' | 'POST', path: string, body?: unknown) =>
    writer.call(method, `/api/2.0/mlflow/${path}`, body)
  const artifacts = '/api/2.0/mlflow-artifacts/artifacts'

  beforeAll(async () => {
    writer = await world.as('contributor', await world.makeProject())
    experiment = (await mlflow('POST', 'experiments/create', { name: 'holes' })).json.experiment_id
    run = (await mlflow('POST', 'runs/create', { experiment_id: experiment })).json.run.info.run_id
    await mlflow('POST', 'registered-models/create', { name: 'model' })
  })

  test('a model version whose source is a file, a traversal or an address of elsewhere is refused, and nothing is opened', async () => {
    for (const source of [
      'file:///etc/passwd',
      '/etc/passwd',
      'C:\\Windows\\win.ini',
      '../../../../etc/passwd',
      `runs:/${run}/../../../etc`,
      `runs:/${run}/%2e%2e/%2e%2e/etc`,
      `runs:/${run}/%252e%252e/etc`,
      `mlflow-artifacts:/${experiment}/${run}/artifacts/../../..`,
      'http://169.254.169.254/latest/meta-data',
      `runs:/${run}/model#/../../etc`,
      `runs:/${run}/model?x=/../../etc`,
      's3://somebody-else/model',
    ]) {
      const made = await mlflow('POST', 'model-versions/create', { name: 'model', source })
      expect([source, made.status >= 400 && made.status < 500]).toEqual([source, true])
      expect(made.text).not.toContain('root:')
    }
  })

  test('an experiment takes no place of its own for its artifacts', async () => {
    for (const artifact_location of ['file:///etc', '/etc', 's3://somebody-else/x', 'dbfs:/x']) {
      const made = await mlflow('POST', 'experiments/create', { name: `at-${artifact_location}`, artifact_location })
      const uri =
        made.status === 200
          ? (await mlflow('GET', `experiments/get?experiment_id=${made.json.experiment_id}`)).json.experiment
              .artifact_location
          : ''
      expect(uri).not.toContain(artifact_location)
    }
  })

  test('a path of an artifact never leaves its run: dots, also encoded, back-slashes, NUL', async () => {
    const paths = ['../x', '..%2Fx', '%2e%2e/x', '..\\x', '..%5Cx', 'a/../../x', 'x%00.txt', './../x']
    for (const path of paths) {
      const url = `${artifacts}/${experiment}/${run}/artifacts/${path}`
      const [put, got] = [await writer.call('PUT', url, 'x'), await writer.call('GET', url)]
      for (const answer of [put, got])
        expect([path, answer.status >= 400 && answer.status < 500], path).toEqual([path, true])
      const listed = await mlflow('GET', `artifacts/list?run_id=${run}&path=${path}`)
      expect([path, listed.text.includes('root:') || listed.status >= 500]).toEqual([path, false])
    }
  })

  test('what is encoded twice is decoded once: a name inside of its run', async () => {
    const url = `${artifacts}/${experiment}/${run}/artifacts/%252e%252e%252fx`
    expect((await writer.call('PUT', url, 'x')).status).toBe(200)
    const { files } = (await mlflow('GET', `artifacts/list?run_id=${run}`)).json
    expect(files.map((one: { path: string }) => one.path)).toContain('%2e%2e%2fx')
  })

  test('an absolute path is a name inside of the run, or refused', async () => {
    for (const path of ['/etc/passwd', '%2Fetc%2Fpasswd']) {
      const url = `${artifacts}/${experiment}/${run}/artifacts/${path}`
      await writer.call('PUT', url, 'mine')
      const got = await writer.call('GET', url)
      expect([path, got.status >= 400 || got.text === 'mine']).toEqual([path, true])
    }
  })

  test('what people upload is sent as a download in a sandbox, whatever it says it is', async () => {
    const url = `${artifacts}/${experiment}/${run}/artifacts/page.html`
    await writer.call('PUT', url, '<script>alert(1)</script>', { 'content-type': 'text/html' })
    const sent = await writer.call('GET', url)
    expect(sent.status).toBe(200)
    expect(sent.headers['x-content-type-options']).toBe('nosniff')
    expect(sent.headers['content-type']).toBe('text/plain; charset=utf-8')
    expect(sent.headers['content-disposition']).toMatch(/^attachment;/)
    expect(sent.headers['content-security-policy']).toContain('sandbox')
  })

  test('a name of a file stays one value of its header, and a range outside of the file is refused', async () => {
    const url = `${artifacts}/${experiment}/${run}/artifacts/${encodeURIComponent('a";x="é.txt')}`
    await writer.call('PUT', url, 'abc')
    const sent = await writer.call('GET', url)
    expect(sent.headers['content-disposition']).toMatch(/^attachment; filename="a_;x=__.txt"; filename\*=UTF-8''/)
    for (const range of ['bytes=3-', 'bytes=2-1', 'bytes=99999999999999999999-']) {
      const { status, headers } = await writer.call('GET', url, undefined, { range })
      // Before anything is opened, with what a client needs to ask again.
      expect([range, status, headers['content-range']]).toEqual([range, 416, 'bytes */3'])
    }
    const long = `${artifacts}/${experiment}/${run}/artifacts/${'d/'.repeat(600)}x`
    expect((await writer.call('PUT', long, 'x')).status).toBe(400)
  })

  test('content is found by its digest in its own project only, so that nobody learns what others have', async () => {
    const text = `zebrafish ${Math.random()}`
    const digest = createHash('sha256').update(text).digest('hex')
    const there = await world.as('contributor', await world.makeProject())
    const at = (client: Client, path: string) => `/api/v1/projects/${client.scope.project}/blobs/${path}`
    expect(
      (await there.call('PUT', at(there, digest), text, { 'content-type': 'application/octet-stream' })).status,
    ).toBe(200)
    const missing = async (client: Client) =>
      (await client.call('POST', at(client, 'missing'), { digests: [digest] })).json
    expect(JSON.stringify(await missing(there))).not.toContain(digest)
    expect(JSON.stringify(await missing(writer))).toContain(digest)
    // A digest that is not of the content makes no content.
    const wrong = createHash('sha256').update('other').digest('hex')
    expect(
      (await writer.call('PUT', at(writer, wrong), text, { 'content-type': 'application/octet-stream' })).status,
    ).toBe(400)
  })

  test('an account is not made, activated or raised by whoever may not manage members', async () => {
    const { project } = writer.scope
    for (const [method, url, body] of [
      ['POST', `/api/v1/projects/${project}/people`, { name: 'eve', role: 'admin' }],
      ['POST', '/api/v1/login-links', { name: 'admin' }],
      ['PUT', '/api/v1/groups/admins/members/eve', undefined],
      ['PUT', '/api/v1/roles/root', { permissions: ['member:write'] }],
      ['POST', `/api/v1/projects/${project}/tokens`, { name: 't', permissions: ['instance:admin'] }],
      ['POST', `/api/v1/projects/${project}/tokens`, { name: 't', for: 'admin' }],
      ['POST', `/api/v1/projects/${project}/break-glass`, { reason: 'because I would like to' }],
    ] as const)
      expect([url, (await writer.call(method, url, body)).status]).toEqual([url, 403])
  })
})

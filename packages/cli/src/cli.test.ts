import { createHash, randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type StartedServer, startServer } from './testing/started-server.ts'

const fixtures = join(import.meta.dirname, '../../server/src')
const rows = join(fixtures, 'capabilities/evaluation/fixtures/rows.csv')
const onnx = join(fixtures, 'drivers/onnx/fixtures/columns.onnx')

/** What lies in a server's store and has no owner. */
async function contentsOfNobody(data: string): Promise<string[]> {
  const database = new DatabaseSync(join(data, 'trivium.sqlite'), { readOnly: true })
  const held = new Set(
    database
      .prepare('select digest from blob_ref')
      .all()
      .map((row) => row['digest']),
  )
  database.close()
  const paths = await readdir(join(data, 'blobs'), { recursive: true })
  const unheld = paths.filter((path) => /^[0-9a-f]{64}$/.test(basename(path)) && !held.has(basename(path)))
  return Promise.all(unheld.map((path) => readFile(join(data, 'blobs', path), 'utf8')))
}

describe('commands against a server', () => {
  let server: StartedServer
  const trivium: StartedServer['trivium'] = (...args) => server.trivium(...args)
  beforeAll(async () => {
    server = await startServer()
  })
  afterAll(async () => {
    await server.stop()
  })
  const tokenOf = async (role: string): Promise<string> => {
    await trivium(['service-account', 'add', `a-${role}`, '--role', role])
    return (await trivium(['token', 'create', 'test', '--for', `a-${role}`, '--json'])).json.secret
  }

  /** Logs an ONNX file to a run and registers it as the next version of `late`, as an MLflow client would. */
  const registerVersion = async (token: string) => {
    const mlflow = async (method: string, path: string, body: string | Uint8Array<ArrayBuffer>) => {
      const type = typeof body === 'string' ? 'application/json' : 'application/octet-stream'
      const headers = { authorization: `Bearer ${token}`, 'content-type': type }
      const response = await fetch(`${server.ready.url}/api/2.0/${path}`, { method, body, headers })
      return (await response.json()) as { run: { info: { run_id: string } } }
    }
    const { run } = await mlflow('POST', 'mlflow/runs/create', JSON.stringify({ experiment_id: '0', start_time: 1 }))
    const id = run.info.run_id
    const file = new Uint8Array(await readFile(onnx))
    await mlflow('PUT', `mlflow-artifacts/artifacts/0/${id}/artifacts/model/model.onnx`, file)
    await mlflow('POST', 'mlflow/registered-models/create', JSON.stringify({ name: 'late' }))
    const version = { name: 'late', source: `runs:/${id}/model`, run_id: id }
    await mlflow('POST', 'mlflow/model-versions/create', JSON.stringify(version))
  }

  test('traces are listed, shown as a tree of steps, and removed by age', async () => {
    const token = await tokenOf('contributor')
    const at = 1_700_000_000_000_000_000n
    const span = (spanId: string, name: string, more: object) => ({
      traceId: '6b'.repeat(16),
      spanId: spanId.repeat(8),
      name,
      startTimeUnixNano: String(at),
      endTimeUnixNano: String(at + 1_500_000_000n),
      ...more,
    })
    const failed = { parentSpanId: '01'.repeat(8), status: { code: 2, message: 'no weather' } }
    const spans = [span('01', 'answer', { status: { code: 1 } }), span('02', 'look up', failed)]
    const sent = await fetch(`${server.ready.url}/v1/traces`, {
      method: 'POST',
      body: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] }),
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'x-mlflow-experiment-id': '0',
      },
    })
    expect(sent.status).toBe(200)
    const id = `tr-${'6b'.repeat(16)}`
    const listed = await trivium(['traces', 'list', '--experiment', 'Default', '--filter', "status = 'OK'"])
    expect(listed.out).toMatch(new RegExp(`${id} +answer +ok .*1\\.5 s`))
    expect((await trivium(['traces', 'show', id])).out).toMatch(
      /answer +unknown +ok[^]* {2}look up +unknown +error.*no weather/,
    )
    const removed = await trivium(['traces', 'delete', 'Default', '--before', '2024-01-01'])
    expect(removed.out).toContain('1 trace removed')
  })

  test('a large file goes to a run and comes back: what was there before a kill is not sent or fetched twice', async () => {
    const token = await tokenOf('contributor')
    const env = { TRIVIUM_TOKEN: token }
    const api = async (method: string, path: string, body: string | Uint8Array<ArrayBuffer>) => {
      const type = typeof body === 'string' ? 'application/json' : 'application/octet-stream'
      const headers = { authorization: `Bearer ${token}`, 'content-type': type }
      // biome-ignore lint: tests look into answers of every shape
      return (await (await fetch(`${server.ready.url}/api/${path}`, { method, body, headers })).json()) as any
    }
    const { run } = await api('POST', '2.0/mlflow/runs/create', JSON.stringify({ experiment_id: '0', start_time: 1 }))
    const folder = join(server.data, 'large')
    await mkdir(folder)
    const content = new Uint8Array(randomBytes(8 * 1024 * 1024 + 1000))
    const digest = createHash('sha256').update(content).digest('hex')
    await writeFile(join(folder, 'weights.bin'), content)
    // What a killed command leaves: an upload of this content with its first part.
    const uploads = 'v1/projects/default/uploads'
    const { id, partSize } = await api('POST', uploads, JSON.stringify({ digest, size: content.length }))
    await api('PUT', `${uploads}/${id}/parts/1`, content.slice(0, partSize))
    const put = await trivium(
      ['artifacts', 'put', run.info.run_id, 'weights.bin', '--path', 'model/weights.bin', '--json'],
      { env, cwd: folder },
    )
    expect(put.code, put.err).toBe(0)
    expect(put.json).toEqual({ path: 'model/weights.bin', digest, size: content.length })
    const listed = await fetch(`${server.ready.url}/api/${uploads}`, { headers: { authorization: `Bearer ${token}` } })
    expect(await listed.json()).toMatchObject({ uploads: [{ id, state: 'done', digest }] })
    expect((await trivium(['artifacts', 'list', run.info.run_id], { env })).out).toContain('model/weights.bin')

    const get = () =>
      trivium(['artifacts', 'get', run.info.run_id, 'model/weights.bin', '--out', 'back.bin'], { env, cwd: folder })
    const part = join(folder, 'back.bin.part')
    await writeFile(part, content.subarray(0, 5_000_000))
    expect((await get()).code).toBe(0)
    expect((await readFile(join(folder, 'back.bin'))).equals(content)).toBe(true)
    await writeFile(part, randomBytes(5_000_000))
    const refused = await get()
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('its digest is another')])
    expect((await get()).code).toBe(0)
    expect((await trivium(['artifacts', 'get', run.info.run_id, 'none.bin'], { env })).err).toContain('no file')
  })

  test('env prints what a shell needs', async () => {
    const { out, code } = await trivium(['env'])
    expect(code).toBe(0)
    expect(out).toMatch(
      /^export TRIVIUM_URL='http:\/\/127\.0\.0\.1:\d+'\nexport TRIVIUM_TOKEN='trv_\S+'\nexport MLFLOW_TRACKING_URI='http:.*\nexport MLFLOW_TRACKING_TOKEN='trv_/,
    )
    const { json } = await trivium(['env', '--json'])
    expect(json.MLFLOW_TRACKING_URI).toBe(server.ready.url)
  })

  test('somebody new is invited by a link, signs in, and his session is seen and ended', async () => {
    const { json } = await trivium(['people', 'invite', 'newcomer', '--role', 'viewer', '--json'])
    expect(json.url).toMatch(/^http:.*\/login#invitation=tri_/)
    expect((await trivium(['people', 'invitations'])).out).toMatch(/viewer +newcomer +admin .* open/)
    const accepted = await fetch(`${server.ready.url}/api/v1/invitations/accept`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token: String(json.url).split('invitation=')[1], name: 'newcomer' }),
    })
    expect(accepted.status).toBe(200)
    const { sessions } = (await trivium(['sessions', 'list', '--all', '--json'])).json
    const { id } = sessions.find((one: { principalName: string }) => one.principalName === 'newcomer')
    expect((await trivium(['sessions', 'revoke', id])).out).toBe(`${id} has ended.\n`)
    const again = await trivium(['sessions', 'revoke', '--of', 'newcomer'])
    expect(again.out).toBe('0 sessions ended.\n')
    expect((await trivium(['sessions', 'revoke'])).code).toBe(1)
    expect((await trivium(['people', 'disable', 'newcomer'])).out).toBe('newcomer is disabled.\n')
    expect((await trivium(['people', 'enable', 'newcomer'])).out).toBe('newcomer works again.\n')
    const other = (await trivium(['people', 'invite', '--role', 'viewer', '--json'])).json.invitation.id
    expect((await trivium(['people', 'uninvite', other])).code).toBe(0)
    expect((await trivium(['people', 'invitations'])).out).toContain('taken back')
  })

  test('a file becomes a version, listed and shown, and the same file is the same version', async () => {
    const added = await trivium(['data', 'add', rows, '--name', 'flights', '--event-time', 'at'])
    expect(added.out).toBe('flights v1: 2,400 rows, 7 columns.\n')
    expect((await trivium(['data', 'add', rows, '--name', 'flights', '--event-time', 'at'])).out).toContain(
      'it was there already',
    )
    expect((await trivium(['data', 'list'])).out).toMatch(/flights +1 +2,400/)
    const shown = await trivium(['data', 'show', 'flights@1', '--json'])
    expect(shown.json.version).toMatchObject({ rows: 2400, eventTimeColumn: 'at' })
    const written = await trivium([
      'data',
      'sheet',
      'flights',
      '--write',
      'limits',
      '--text',
      'No **cancelled** flights.',
    ])
    expect(written.out).toContain('flights: limits, revision 1, by ')
    const sheet = await trivium(['data', 'sheet', 'flights@1'])
    expect(sheet.out).toMatch(
      /^# Data sheet: flights v1[\s\S]*2,400 rows[\s\S]*## Limits[\s\S]*No \*\*cancelled\*\* flights\./,
    )
    const file = join(server.data, 'sheet.json')
    await trivium(['data', 'sheet', 'flights', '--out', file, '--json'])
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ dataset: 'flights', version: 1 })
    expect((await trivium(['data', 'sheet', 'flights@2'])).err).toContain('Dataset "flights" has no version 2.')
    const none = await trivium(['data', 'show', 'ships'])
    expect([none.code, none.err]).toEqual([
      1,
      expect.stringMatching(
        /^trivium: Dataset "ships" does not exist in this project\. \(DATASETS\.NOT_FOUND, request \S+\)\n$/,
      ),
    ])
    expect((await trivium(['search', 'flights'])).out).toContain('trivium://default/dataset/flights@1')
    expect((await trivium(['lineage', 'trivium://default/dataset/flights@1'])).out).toContain('2,400 rows')
  })

  test('projects, people and tokens; a role that does not suffice ends with 3', async () => {
    expect((await trivium(['project', 'create', 'ships', '--title', 'Ships'])).out).toBe('Project ships is there.\n')
    const token = await tokenOf('viewer')
    const refused = await trivium(['project', 'create', 'trains'], { env: { TRIVIUM_TOKEN: token } })
    expect([refused.code, refused.err]).toEqual([3, expect.stringContaining('instance:admin')])
    const asJson = await trivium(['data', 'add', rows, '--name', 'x', '--json'], { env: { TRIVIUM_TOKEN: token } })
    expect(asJson.code).toBe(3)
    expect(JSON.parse(asJson.err).error).toMatchObject({
      code: 'ACCESS.FORBIDDEN',
      status: 403,
      requestId: expect.any(String),
    })
    expect(asJson.out).toBe('')
    const { json } = await trivium(['token', 'list', '--json'])
    const id = json.tokens.find((one: { principalName: string }) => one.principalName === 'a-viewer').id
    await trivium(['token', 'revoke', id])
    const revoked = await trivium(['data', 'list'], { env: { TRIVIUM_TOKEN: token } })
    expect([revoked.code, revoked.err]).toEqual([3, expect.stringContaining('TRIVIUM_TOKEN')])
    expect((await trivium(['people', 'list', '--json'])).json.people.map((p: { name: string }) => p.name)).toContain(
      'a-viewer',
    )
    const link = await trivium(['open', '--no-browser'])
    expect(link.out).toMatch(new RegExp(`^${server.ready.url}/login#token=`))
  })

  test('wrong usage ends with 2 and says what was expected', async () => {
    const because = async (args: string[]) => {
      const { code, err, out } = await trivium(args)
      expect([code, out]).toEqual([2, ''])
      return err
    }
    expect(await because(['dat', 'list'])).toMatch(/^trivium: unknown command 'dat'\n\(Did you mean data\?\)/)
    expect(await because(['data', 'add', rows])).toContain("required option '--name <dataset>' not specified")
    expect(await because(['data', 'add', 'nothing.csv', '--name', 'x'])).toContain('"nothing.csv" is no file')
    expect(await because(['data', 'add', 'notes.txt', '--name', 'x'])).toContain('neither .parquet nor .csv')
    expect(await because(['people', 'add', 'ann'])).toContain("required option '--role <role>' not specified")
    expect(await because(['run', 'nothing.yaml'])).toContain('There is no file "nothing.yaml"')
    expect(await because(['run', 'x.yaml', '--param', 'depth'])).toContain('NAME=VALUE')
    expect(await because(['predict', 'late', '{distance: 3}'])).toContain('The inputs are no JSON')
    expect(await because(['runs', 'list', '--limit', 'many'])).toContain('It must be a whole number')
  })

  test('the administrator token of this machine goes to no other server', async () => {
    const elsewhere = await trivium(['env'], { env: { TRIVIUM_URL: 'http://127.0.0.1:1' } })
    expect([elsewhere.code, elsewhere.out]).toEqual([1, ''])
    expect(elsewhere.err).toContain('There is no token for http://127.0.0.1:1')
    const silent = await trivium(['data', 'list'], { env: { TRIVIUM_URL: 'http://127.0.0.1:1' } })
    expect([silent.code, silent.err]).toEqual([
      1,
      expect.stringMatching(
        /^trivium: No answer from http:\/\/127\.0\.0\.1:1\..*"trivium up".*\(NETWORK_UNREACHABLE\)\n$/,
      ),
    ])
  })

  test('a pipeline is sent with its code and followed to its end; a step that fails ends with 1', async () => {
    const folder = join(server.data, 'pipelines')
    await mkdir(join(folder, 'tools'), { recursive: true })
    await writeFile(join(folder, 'tools/say.sh'), 'echo "depth is $1"\nprintf "%s" "$1" > "$2"\n')
    const definition = (script: string) =>
      `name: count\nparams:\n  depth: {type: integer, default: 3}\ncode: [tools]\nsteps:\n  say:\n    kind: command\n    run: [sh, -c, 'sh "$TRIVIUM_CODE/${script}" "$0" "$1"', '\${params.depth}', '\${out.answer}']\n    params: {depth: '\${params.depth}'}\n    out: {answer: value}\n`
    await writeFile(join(folder, 'count.yaml'), definition('tools/say.sh'))
    const run = await trivium(['run', 'count.yaml', '--param', 'depth=5', '--wait'], { cwd: folder })
    expect([run.err, run.code]).toEqual([expect.stringContaining('say | depth is 5'), 0])
    expect(run.out).toMatch(/state +finished/)
    const { json } = await trivium(['runs', 'list', '--json'])
    const logs = await trivium(['runs', 'logs', json.runs[0].id])
    // The line before says what contains the step on this machine.
    expect(logs.out).toMatch(/^say \| .+\nsay \| depth is 5\n$/)
    const again = await trivium(['run', 'count.yaml', '--param', 'depth=5', '--wait', '--json'], { cwd: folder })
    expect(again.json.steps[0].state).toBe('cached')
    await writeFile(join(folder, 'count.yaml'), definition('tools/nothing.sh'))
    const failed = await trivium(['run', 'count.yaml', '--wait'], { cwd: folder })
    expect([failed.code, failed.err]).toEqual([1, expect.stringContaining('trivium: count failed: Step "say" failed')])
    await writeFile(join(folder, 'count.yaml'), 'name: count\nsteps:\n  say: {kind: comand}\n')
    const refused = await trivium(['run', 'count.yaml'], { cwd: folder })
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('comand')])
  })

  test('feature views are defined, fed and looked up', async () => {
    const view = join(server.data, 'view.yaml')
    await writeFile(
      view,
      'name: delays\nkeys: [airport]\ncolumns: {delay: number}\nwindow: 3h\nfeatures: {late: avg(delay > 15)}\n',
    )
    expect((await trivium(['features', 'define', view])).out).toBe('delays v1: late by airport over 3h.\n')
    const lines = [20, 5].map((delay, index) =>
      JSON.stringify({ id: `r${index}`, key: { airport: 'ORD' }, eventTime: 1000 + index, values: { delay } }),
    )
    await writeFile(join(server.data, 'rows.jsonl'), `${lines.join('\n')}\n`)
    expect((await trivium(['features', 'push', 'delays', 'rows.jsonl'])).out).toBe('2 rows added to delays.\n')
    const found = await trivium(['features', 'lookup', 'delays', '--key', 'airport=ORD', '--as-of', '5000', '--json'])
    expect(found.json).toEqual({ late: 0.5 })
  })

  test('a model is registered, deployed, asked and given feedback', async () => {
    await registerVersion((await trivium(['env', '--json'])).json.TRIVIUM_TOKEN)
    expect((await trivium(['models', 'alias', 'late', 'champion', '1'])).out).toBe('late@champion is v1.\n')
    const shown = await trivium(['models', 'show', 'late@champion'])
    expect(shown.out).toContain('model.onnx')
    const deployed = await trivium(['deploy', 'delays', '--model', 'late@champion', '--wait'])
    expect([deployed.err, deployed.code]).toEqual(['', 0])
    expect(deployed.out).toMatch(/^delays release 1: late v1, ready\./)
    const inputs = '{"origin": "JFK", "distance": 1672, "hour": 15, "recent_delay": -0.9}'
    const { json } = await trivium(['predict', 'delays', inputs, '--json'])
    expect(json.predictions[0].outputs.probabilities_1).toBeCloseTo(0.3235, 2)
    await writeFile(
      join(server.data, 'labels.jsonl'),
      `${JSON.stringify({ prediction_id: json.predictions[0].id, value: true })}\n`,
    )
    const fed = await trivium(['feedback', 'delays', 'labels.jsonl'])
    expect([fed.err, fed.out]).toEqual(['', '1 label accepted for delays.\n'])
    expect((await trivium(['deployments', 'list'])).out).toMatch(/delays +ready +late v1/)
    const wrong = await trivium(['predict', 'delays', '{"origin": "JFK"}'])
    expect([wrong.code, wrong.err]).toEqual([1, expect.stringContaining('distance')])
    const elsewhere = await trivium(['predict', 'delays', inputs, '--project', 'ships'])
    expect([elsewhere.code, elsewhere.err]).toEqual([2, expect.stringContaining('not in "ships"')])
    const back = await trivium(['deployments', 'rollback', 'delays'])
    expect([back.code, back.err]).toEqual([1, expect.stringMatching(/^trivium: .+\(SERVING\./)])
  })

  test('training runs are listed, grouped and compared; repeats with other seeds give a verdict', async () => {
    const token = (await trivium(['env', '--json'])).json.TRIVIUM_TOKEN as string
    const mlflow = async (path: string, body: unknown) => {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
      const response = await fetch(`${server.ready.url}/api/2.0/mlflow/${path}`, {
        method: 'POST',
        body: JSON.stringify(body),
        headers,
      })
      expect(response.status, path).toBe(200)
      return (await response.json()) as any
    }
    const { experiment_id } = await mlflow('experiments/create', { name: 'depths' })
    const ids: Record<string, string> = {}
    for (const [name, depth, values] of [
      ['shallow', '3', [0.66, 0.668, 0.664]],
      ['deep', '9', [0.69, 0.698, 0.693]],
    ] as const)
      for (const [seed, value] of values.entries()) {
        const { run } = await mlflow('runs/create', { experiment_id, run_name: `${name}-${seed}`, start_time: 1 })
        const { run_id } = run.info
        ids[`${name}-${seed}`] = run_id
        const params = [
          { key: 'depth', value: depth },
          { key: 'seed', value: `${seed}` },
        ]
        const metrics = [{ key: 'auc', value, step: 0, timestamp: 1 }]
        await mlflow('runs/log-batch', { run_id, params, metrics })
        await mlflow('runs/update', { run_id, status: 'FINISHED', end_time: 5000 })
      }
    expect((await trivium(['experiments', 'list'])).out).toMatch(/depths +6 +0/)
    const listed = await trivium(['experiments', 'runs', 'depths', '--sort', 'metrics.auc desc', '--limit', '2'])
    expect(listed.out).toMatch(/deep-1 +finished +0\.698[\s\S]*deep-2[\s\S]*First 2 of 6\./)
    const grouped = await trivium([
      'experiments',
      'groups',
      'depths',
      '--by',
      'params.depth',
      '--metrics',
      'metrics.auc',
    ])
    expect(grouped.out).toMatch(/3 +3 +0\.664 +0\.004 +3/)
    const { out } = await trivium(['experiments', 'compare', 'shallow-0', 'deep-0'])
    expect(out).toMatch(/1 of 2 inputs differ[\s\S]*depth +3 +9/)
    expect(out).toMatch(/auc +0\.66 +0\.69 +\+0\.0297 +\+0\.0\d+ to \+0\.0\d+ .*better \(3 runs against 3\)/)
    const alone = await trivium(['experiments', 'compare', 'shallow-0', 'shallow-1'])
    expect(alone.out).toContain('cannot judge yet (the same configuration)')
    // What is learned from them, and an idea that comes of it.
    expect((await trivium(['experiments', 'explain', 'depths', '--metric', 'auc'])).out).toContain(
      'at least 20 are needed',
    )
    const added = await trivium(['ideas', 'add', 'depths', 'Deeper still'])
    const [idea = ''] = /ide_\w+/.exec(added.out) ?? []
    expect((await trivium(['ideas', 'choose', idea])).err).toContain('needs a hypothesis')
    expect((await trivium(['ideas', 'choose', idea, '--hypothesis', 'More depth, more AUC.'])).out).toContain('chosen')
    expect((await trivium(['ideas', 'link', idea, 'deep-0'])).out).toContain('1 run.')
    expect((await trivium(['ideas', 'list', 'depths'])).out).toMatch(/Deeper still +chosen +1 +5\.0 s/)
    expect((await trivium(['experiments', 'frontier', 'depths'])).out).toContain('Best auc 0.698 by deep-1')
    expect((await trivium(['experiments', 'confirm', 'deep-0', '--text', 'It **helped**.'])).out).toContain(
      'note on deep-0',
    )
    expect((await trivium(['experiments', 'drafts', 'depths', '--confirmed'])).out).toContain('It **helped**.')
    expect((await trivium(['velocity', '--weeks', '1'])).out).toMatch(/week of +ideas added/)
    // A published result beside them, from a file.
    const published = join(server.data, 'paper.yaml')
    await writeFile(
      published,
      'name: Paper\nsource: {title: A paper, published: "2016"}\ntask: Late or not\ndataset: {name: flights, digest: d1}\nsplit: test\nmetric: auc\ndefinition: Area under the ROC curve\ndirection: higher-is-better\nvalue: 0.68\nprotocol: As the paper says.\nparams: {depth: 3}\n',
    )
    const stored = await trivium(['baselines', 'add', 'depths', published])
    expect(stored.out).toContain('Paper: auc 0.68 (no spread published).')
    const [baseline = ''] = /bsl_\w+/.exec(stored.out) ?? []
    expect((await trivium(['baselines', 'link', baseline, 'deep-0'])).out).toContain('Reproduced by 1 run.')
    expect((await trivium(['baselines', 'judge', 'deep-0'])).out).toMatch(
      /Paper \(reproduced\) +0\.69367 .*cannot judge yet \(the run does not record its dataset and split\)[\s\S]*depth is 9, published 3/,
    )
    expect((await trivium(['baselines', 'show', baseline])).out).toContain('As the paper says.')
    expect((await trivium(['baselines', 'retire', baseline])).err).toContain('needs a reason')
    await trivium(['baselines', 'retire', baseline, 'Wrong table.'])
    expect((await trivium(['baselines', 'list', 'depths'])).out).not.toContain('Paper')
    // What their tables say beside each other, and which of them may go out of sight.
    for (const [name, answer] of Object.entries({ 'shallow-0': 'wind', 'deep-0': 'snow' })) {
      const table = join(server.data, 'answers.csv')
      await writeFile(table, `question,answer\nlate,${answer}\nearly,rain\n`)
      await trivium(['artifacts', 'put', ids[name] ?? '', table, '--path', 'answers.csv'])
    }
    const tables = await trivium(['experiments', 'tables', 'answers.csv', 'shallow-0', 'deep-0', '--key', 'question'])
    expect(tables.out).toMatch(/^1 of 2 rows differ[\s\S]*late +shallow-0 +late +wind\s+late +deep-0 +late +snow \*/)
    const policy = ['experiments', 'archive-policy', '--days', '30', '--keep-best', '1', '--metric', 'auc', '--higher']
    expect((await trivium(policy)).out).toContain(
      '4 of 6 old runs would go into the archive; 1 among the best, 1 named by a report or an idea would stay.',
    )
    expect((await trivium(['experiments', 'archive-policy'])).out).toContain('No policy')
    expect((await trivium(['experiments', 'archive-policy', '--days', '0'])).code).not.toBe(0)
    expect(await trivium(['experiments', 'compare', 'shallow-0', 'nobody'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('There is no run "nobody"'),
    })
  })

  test('an evaluation made by a pipeline is listed, shown and compared', async () => {
    const yaml = `name: judge\nsteps:\n  evaluate:\n    kind: evaluate\n    in: {model: 'model:late@1', dataset: 'dataset:flights@latest'}\n    with: {label: late, metrics: [log-loss], slices: [origin]}\n`
    const folder = await mkdtemp(join(tmpdir(), 'judge-'))
    await writeFile(join(folder, 'judge.yaml'), yaml)
    const run = await trivium(['run', join(folder, 'judge.yaml'), '--wait'])
    await rm(folder, { recursive: true })
    expect([run.code, run.err]).toEqual([0, expect.stringContaining('First model, nothing to compare with: log loss')])
    const { json } = await trivium(['evaluations', 'list', '--dataset', 'flights', '--json'])
    const { id } = json.evaluations[0]
    const shown = await trivium(['evaluations', 'show', id])
    expect(shown.out).toMatch(/2,400 of 10 days/)
    expect(shown.out).toMatch(/ORD +481 /)
    const same = await trivium(['evaluations', 'compare', id, id, '--margin', '0.01'])
    expect(same.out).toContain('no clear change')
  })

  test('a decision waits in the inbox; nobody approves his own work', async () => {
    const contributor = await tokenOf('contributor')
    await registerVersion(contributor)
    const { json: variables } = await trivium(['env', '--json'])
    const call = (token: string, method: string, path: string, body: unknown) =>
      fetch(`${server.ready.url}/api/v1/projects/default/models/late/${path}`, {
        method,
        body: JSON.stringify(body),
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      })
    expect((await call(variables.TRIVIUM_TOKEN, 'PUT', 'policy', { approval: 'required' })).status).toBe(200)
    const deployed = await trivium(['deploy', 'delays', '--model', 'late/2'])
    expect([deployed.code, deployed.err]).toEqual([1, expect.stringMatching(/approv/)])
    expect((await call(contributor, 'POST', 'versions/2/approval-request', {})).status).toBe(200)
    const { json } = await trivium(['inbox', 'list', '--json'])
    const { id } = json.items[0]
    const own = await trivium(['inbox', 'approve', id], { env: { TRIVIUM_TOKEN: contributor } })
    expect([own.code, own.err]).toEqual([3, expect.stringContaining('ACCESS.FORBIDDEN')])
    const silent = await trivium(['inbox', 'decline', id])
    expect([silent.code, silent.err]).toEqual([1, expect.stringContaining('needs a reason')])
    expect((await trivium(['inbox', 'approve', id, '--reason', 'looks right'])).out).toMatch(/: approve\.\n$/)
    expect((await trivium(['inbox', 'show', id])).out).toContain('approve by admin: looks right')
    expect((await trivium(['deploy', 'delays', '--model', 'late/2', '--wait'])).out).toMatch(
      /^delays release 2: late v2, ready\./,
    )
    expect((await trivium(['deployments', 'rollback', 'delays'])).out).toContain('release 1 again: late v1')
  })

  test('events are tailed live, in order, and follow the name that is asked for', async () => {
    const stop = new AbortController()
    const seen: { seq: number; name: string }[] = []
    const tail = trivium(['events', 'tail', '--lines', '0', '--name', 'dataset.version-added', '--json'], {
      signal: stop.signal,
      onOut: (text) => {
        seen.push(JSON.parse(text))
        if (seen.length === 2) stop.abort()
      },
    })
    for (const name of ['one', 'two']) {
      await new Promise((resolve) => setTimeout(resolve, 300))
      await trivium(['data', 'add', rows, '--name', name])
    }
    expect((await tail).code).toBe(0)
    expect(seen.map(({ name }) => name)).toEqual(['dataset.version-added', 'dataset.version-added'])
    expect(seen[1]?.seq).toBeGreaterThan(seen[0]?.seq ?? 0)
  })

  test('storage says what uses space, what holds a content, and what a collection would do', async () => {
    await registerVersion(await tokenOf('contributor')).catch(() => {})
    const usage = await trivium(['storage', 'usage'])
    expect(usage.out).toMatch(/ in .*blobs/)
    expect(usage.out).toMatch(/default +run +\d+ +\d+ /)
    expect(usage.out).toContain('trivium storage collect --dry-run')
    const digest = createHash('sha256')
      .update(await readFile(onnx))
      .digest('hex')
    const why = await trivium(['storage', 'why', digest])
    expect(why.out).toContain('trivium://default/run/')
    expect((await trivium(['storage', 'why', 'f'.repeat(64)])).code).toBe(1)
    const dry = await trivium(['storage', 'collect', '--dry-run', '--json'])
    expect(dry.json).toMatchObject({ state: 'finished', dryRun: true, removed: 0 })
    expect(dry.json.contents).toBeGreaterThan(0)
    // Whatever the tests before this one stored, by every capability, is held by somebody, but the text of the pipeline that was
    // refused and checkpoints that a newer one replaced, once a minute: what is not would be collected.
    const unheld = await contentsOfNobody(server.data)
    expect(unheld.filter((text) => !text.startsWith('{"checkpoint":')).length).toBe(1)
    expect(dry.json).toMatchObject({ young: unheld.length, setAside: 0 })
    expect((await trivium(['storage', 'collect'])).out).toMatch(/looked at .* set aside; .* removed;/)
    expect((await trivium(['storage', 'usage'])).out).toContain('Last collected')
    expect((await trivium(['storage', 'usage'], { env: { TRIVIUM_TOKEN: await tokenOf('viewer') } })).code).toBe(3)
  })

  test('quotas are shown with what is used of them, set by the administrator alone, and brought back', async () => {
    expect((await trivium(['quotas', 'list'])).out).toMatch(/queued-runs +\d+ +10,000 +default/)
    const set = await trivium(['quotas', 'set', 'storage=5000000000', 'queued-runs=7'])
    expect(set.out).toMatch(/queued-runs +\d+ +7 +set/)
    expect((await trivium(['quotas', 'list', '--all', '--json'])).json.projects[0].quotas).toContainEqual(
      expect.objectContaining({ name: 'storage', limit: 5_000_000_000, own: true }),
    )
    expect((await trivium(['quotas', 'set', 'nothing=1'])).err).toContain('There is no quota "nothing"')
    expect((await trivium(['quotas', 'set', 'storage=much'])).code).toBe(2)
    const viewer = { env: { TRIVIUM_TOKEN: await tokenOf('viewer') } }
    expect((await trivium(['quotas', 'set', 'storage=1'], viewer)).code).toBe(3)
    expect((await trivium(['quotas', 'set', 'storage=default', 'queued-runs=default'])).out).not.toMatch(/ set$/m)
  })

  test('connections are listed and tried; an internal address is allowed with a reason and taken back', async () => {
    expect((await trivium(['connections', 'list'])).out).toMatch(/database +works/)
    expect((await trivium(['connections', 'test', 'object-store'])).out).toMatch(/^object-store works: 64 bytes/)
    expect((await trivium(['connections', 'test', 'traces'])).code).toBe(1)
    const change = (what: string) =>
      trivium(['connections', what, 'webhooks', '10.1.0.0/16', '--reason', 'our own chat server'])
    expect((await trivium(['connections', 'allow', 'webhooks', '10.1.0.0/16'])).code).toBe(2)
    expect((await change('allow')).out).toBe('webhooks may call 10.1.0.0/16.\n')
    expect((await trivium(['connections', 'list'])).out).toMatch(/10\.1\.0\.0\/16 +webhooks .* our own chat server/)
    expect((await change('withdraw')).code).toBe(0)
    expect((await change('withdraw')).err).toContain('10.1.0.0/16 is not allowed for webhooks')
    expect((await trivium(['connections', 'list'], { env: { TRIVIUM_TOKEN: await tokenOf('viewer') } })).code).toBe(3)
  })

  test('lists that have nothing in them say so; the doctor finds this machine fit for the server', async () => {
    for (const args of [
      ['inbox', 'list'],
      ['alerts', 'list'],
      ['monitors', 'list'],
    ])
      expect([args, (await trivium(args)).out]).toEqual([args, 'None.\n'])
    const doctor = await trivium(['doctor', '--json'])
    const states = Object.fromEntries(
      doctor.json.findings.map((one: { check: string; state: string }) => [one.check, one.state]),
    )
    expect(states).toMatchObject({
      Node: 'ok',
      'code execution': expect.stringMatching(/ok|failed/),
      'temporary folder': expect.stringMatching(/ok|warning/),
      'data directory': expect.stringMatching(/ok|warning/),
      server: 'ok',
      token: 'ok',
    })
    const bare = await trivium(['doctor', '--json'], {
      env: { TRIVIUM_PYTHON: '/nowhere/python3', TRIVIUM_URL: 'http://127.0.0.1:1' },
    })
    expect(bare.code).toBe(1)
    expect(bare.json.findings).toContainEqual(
      expect.objectContaining({ check: 'Python', state: 'failed', mend: expect.stringContaining('python3-venv') }),
    )
    expect(bare.json.findings).toContainEqual(
      expect.objectContaining({ check: 'server', state: 'warning', mend: expect.stringContaining('trivium up') }),
    )
  })
})

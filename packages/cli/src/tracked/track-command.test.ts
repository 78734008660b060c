import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type StartedServer, startServer } from '../testing/started-server.ts'

let server: StartedServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(async () => {
  await server.stop()
})

const node = process.execPath
const env = { PATH: process.env['PATH'] ?? '', NODE_OPTIONS: '' }

/** A folder under Git with a committed training program. */
async function folderWith(name: string, files: Record<string, string>): Promise<string> {
  const folder = join(server.data, name)
  await mkdir(folder)
  for (const [file, text] of Object.entries(files)) await writeFile(join(folder, file), text)
  const git = (...args: string[]) => execFileSync('git', args, { cwd: folder, stdio: 'pipe' })
  git('init', '-q', '-b', 'main')
  git('add', '.')
  git('-c', 'user.name=ann', '-c', 'user.email=ann@example.org', 'commit', '-q', '-m', 'first')
  git('remote', 'add', 'origin', 'https://ann:secret@git.example.org/late.git')
  return folder
}

const training = `
const log = (key, value) => fetch(process.env.MLFLOW_TRACKING_URI + '/api/2.0/mlflow/runs/log-metric', {
  method: 'POST',
  headers: { authorization: 'Bearer ' + process.env.MLFLOW_TRACKING_TOKEN, 'content-type': 'application/json' },
  body: JSON.stringify({ run_id: process.env.MLFLOW_RUN_ID, key, value, timestamp: 1, step: 0 }),
})
console.log('depth', process.argv[2])
await log('auc', 0.5 + Number(process.argv[2]) / 100)
console.error('\\u001b[33mslow\\u001b[0m\\u001b]52;c;eA==\\u0007')
if (process.argv[2] === '9') process.exit(3)
`

test('a program is run as a run: its lines, code, patch and end are kept, and clients of MLflow log to it', async () => {
  const cwd = await folderWith('track', { 'train.mjs': training, 'helper.py': 'depth = 1\n', '.env': 'KEY=secret\n' })
  await writeFile(join(cwd, 'helper.py'), 'depth = 2\n')
  const started = await server.trivium(
    [
      'track',
      '--experiment',
      'late',
      '--name',
      'first',
      '--group',
      'depths',
      '--param',
      'depth=3',
      '--json',
      '--',
      node,
      'train.mjs',
      '3',
    ],
    { cwd, env },
  )
  expect(started.code, started.err).toBe(0)
  expect(started.json).toMatchObject({
    name: 'first',
    experiment: 'late',
    status: 'FINISHED',
    params: { depth: '3' },
    metrics: [{ key: 'auc', last: 0.53 }],
    tags: {
      'trivium.group': 'depths',
      'mlflow.source.name': 'train.mjs',
      'mlflow.source.git.dirty': 'true',
      'mlflow.source.git.branch': 'main',
      'mlflow.source.git.repoURL': 'https://git.example.org/late.git',
    },
  })
  const shown = await server.trivium(['experiment', 'console', 'first'])
  expect(shown.out).toBe('depth 3\n\u001b[33mslow\u001b[0m\n')

  await writeFile(join(cwd, 'helper.py'), 'depth = 4\n')
  const failed = await server.trivium(
    ['track', '--experiment', 'late', '--name', 'second', '--', node, 'train.mjs', '9'],
    { cwd, env },
  )
  expect([failed.code, failed.err]).toEqual([1, expect.stringMatching(/ended with 3; the run is failed/)])
  const sources = await server.trivium(['experiment', 'sources', 'first', 'second', '--json'])
  expect(sources.code, sources.err).toBe(0)
  expect(sources.json.code).toMatchObject({
    kept: { before: true, after: true },
    files: [{ path: 'helper.py', change: 'changed', before: 'depth = 2\n', after: 'depth = 4\n' }],
    same: 1,
  })
  expect(sources.json.code.commits.before).toMatch(/^[0-9a-f]{40}$/)
  expect(JSON.stringify(sources.json)).not.toContain('KEY=secret')
  const none = await server.trivium(['track', '--', 'no-such-program'], { cwd, env })
  expect([none.code, none.err]).toEqual([2, expect.stringContaining('There is no program "no-such-program"')])

  expect((await server.trivium(['experiment', 'archive', 'second'])).out).toContain('1 run archived')
  const runs = async () => (await server.trivium(['experiments', 'runs', 'late', '--json'])).json.total
  expect(await runs()).toBe(1)
  expect((await server.trivium(['experiment', 'unarchive', 'second'])).out).toContain('1 run taken out')
  expect(await runs()).toBe(2)
})

const base = `experiment: late
params: {depth: 3, model: {kind: tree, leaf: 5}}
data: {training: flights@1}
command: [${JSON.stringify(node)}, train.mjs, '{params.depth}']
`
const deeper = `base: base.yaml
name: deeper
hypothesis: Deeper trees see storms.
params: {depth: 7, model: {leaf: null}}
`

test('an experiment is a file: its difference against its base is shown before, run, and kept with the run', async () => {
  const cwd = await folderWith('files', { 'train.mjs': training, 'base.yaml': base, 'deeper.yaml': deeper })
  await writeFile(join(cwd, 'rows.csv'), 'depth,late\n1,0\n2,1\n')
  const added = await server.trivium(['data', 'add', 'rows.csv', '--name', 'flights'], { cwd })
  expect(added.code, added.err).toBe(0)
  const shown = await server.trivium(['experiment', 'diff', 'deeper.yaml'], { cwd })
  expect(shown.out).toMatch(/Deeper trees see storms[^]*params\.depth +3 +7\nparams\.model\.leaf +5/)
  const back = await server.trivium(['experiment', 'diff', 'deeper.yaml', 'base.yaml', '--json'], { cwd })
  expect(back.json.changes).toEqual([
    { path: 'params.depth', change: 'changed', before: 7, after: 3 },
    { path: 'params.model.leaf', change: 'added', after: 5 },
  ])
  const dry = await server.trivium(['experiment', 'run', 'deeper.yaml', '--dry-run', '--json'], { cwd })
  expect(dry.json).toMatchObject({ command: [node, 'train.mjs', '7'], params: { depth: '7', 'model.kind': 'tree' } })
  const ran = await server.trivium(['experiment', 'run', 'deeper.yaml', '--json'], { cwd, env })
  expect(ran.code, ran.err).toBe(0)
  expect(ran.json).toMatchObject({
    name: 'deeper',
    experiment: 'late',
    status: 'FINISHED',
    params: { depth: '7', 'model.kind': 'tree' },
    metrics: [{ key: 'auc', last: expect.closeTo(0.57) }],
    inputs: [{ name: 'flights', context: 'training', urn: 'trivium://default/dataset/flights@1' }],
    tags: { 'trivium.hypothesis': 'Deeper trees see storms.' },
  })
  await server.trivium(['experiment', 'run', 'base.yaml', '--json'], { cwd, env })
  const { json: runs } = await server.trivium(['experiments', 'runs', 'late', '--sort', 'start_time desc', '--json'])
  const sources = await server.trivium(['experiment', 'sources', runs.runs[0].id, 'deeper', '--json'])
  expect(sources.json.configuration).toMatchObject({
    hypotheses: { before: '', after: 'Deeper trees see storms.' },
    changes: [
      { path: 'params.depth', before: 3, after: 7 },
      { path: 'params.model.leaf', change: 'removed' },
    ],
  })
})

const fit = `
import json, os, urllib.request
def send(path, body):
    headers = {"authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"], "content-type": "application/json"}
    url = os.environ["MLFLOW_TRACKING_URI"] + "/api/2.0/mlflow/runs/" + path
    return json.load(urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), headers)))
def fit(depth):
    run = send("create", {"experiment_id": "0", "run_name": "fit", "start_time": 1})["run"]["info"]["run_id"]
    send("log-metric", {"run_id": run, "key": "auc", "value": 0.6, "timestamp": 1, "step": 0})
    send("update", {"run_id": run, "status": "FINISHED", "end_time": 2})
    if depth == 9: raise ValueError("too deep")
`
const pipeline = `name: fit
params: {depth: {type: integer, default: 3}, leaf: {type: integer, default: 1}}
code: [fit.py]
steps:
  fit: {run: "fit:fit", params: {depth: '\${params.depth}'}}
`

test('an experiment file runs a pipeline with its parameters: both name each other, steps are nested, and versions are part of the difference', async () => {
  const cwd = await folderWith('pipelines', {
    'fit.py': fit,
    'fit.yaml': pipeline,
    'base.yaml': 'experiment: fits\npipeline: fit\nparams: {depth: 3}\n',
    'deeper.yaml': 'base: base.yaml\nname: deeper\nhypothesis: Deeper fits better.\nparams: {depth: 5, leaf: 2}\n',
    'wrong.yaml': 'base: base.yaml\nname: wrong\nparams: {depth: 9}\n',
  })
  expect((await server.trivium(['experiment', 'run', 'base.yaml'], { cwd, env })).err).toContain('fit')
  const saved = await server.trivium(['run', 'fit.yaml', '--wait'], { cwd })
  expect(saved.code, saved.err).toBe(0)
  const first = await server.trivium(['experiment', 'run', 'base.yaml', '--json'], { cwd, env })
  expect(first.code, first.err).toBe(0)
  // Another version of the pipeline, and another experiment on it.
  await writeFile(join(cwd, 'fit.yaml'), `${pipeline}description: again\n`)
  await server.trivium(['run', 'fit.yaml', '--wait'], { cwd })
  const dry = await server.trivium(['experiment', 'run', 'deeper.yaml', '--dry-run', '--json'], { cwd, env })
  expect(dry.json).toMatchObject({ pipeline: 'fit@2', params: { depth: '5', leaf: '2' } })
  expect(dry.json.configuration.changes.map((one: { path: string }) => one.path)).toEqual([
    'params.depth',
    'params.leaf',
  ])
  const ran = await server.trivium(['experiment', 'run', 'deeper.yaml', '--json'], { cwd, env })
  expect(ran.code, ran.err).toBe(0)
  const { pipeline: run } = ran.json
  expect(run).toMatchObject({ state: 'finished', version: 2, params: { depth: 5, leaf: 2 } })
  expect(ran.json).toMatchObject({
    name: 'deeper',
    status: 'FINISHED',
    pipelineRun: run.urn,
    params: { depth: '5', leaf: '2' },
    tags: {
      'trivium.experimentFile': 'deeper.yaml',
      'trivium.pipeline': 'fit@2',
      'trivium.hypothesis': 'Deeper fits better.',
    },
    children: [{ name: 'fit', status: 'FINISHED' }],
  })
  expect(ran.json.tags['mlflow.source.git.commit']).toMatch(/^[0-9a-f]{40}$/)
  const sources = await server.trivium(['experiment', 'sources', first.json.id, ran.json.id, '--json'])
  expect(sources.json.configuration.changes).toMatchObject([
    { path: 'params.depth', before: 3, after: 5 },
    { path: 'params.leaf', change: 'added', after: 2 },
    { path: 'pipeline', before: 'fit@1', after: 'fit@2' },
  ])
  const failed = await server.trivium(['experiment', 'run', 'wrong.yaml'], { cwd, env })
  expect([failed.code, failed.err]).toEqual([1, expect.stringMatching(/fit@2 failed: .*; the run is failed\./)])
})

test('runs of a branch and of main are lines of code: measured in the repository, kept, shown, and merged by a patch', async () => {
  const cwd = await folderWith('forks', { 'train.mjs': training })
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=ann', '-c', 'user.email=ann@example.org', ...args], {
      cwd,
      stdio: 'pipe',
    }).toString()
  const train = (depth: string) =>
    server.trivium(['track', '--experiment', 'forks', '--', node, 'train.mjs', depth], { cwd, env })
  expect((await train('3')).code).toBe(0)
  git('switch', '-q', '-c', 'deeper')
  await writeFile(join(cwd, 'train.mjs'), `${training}// deeper\n`)
  git('commit', '-q', '-a', '-m', 'deeper')
  expect((await train('7')).code).toBe(0)
  const none = await server.trivium(['code', 'forks', 'forks', '--recorded'], { cwd, env })
  expect(none.out).toContain('Nothing was measured yet')
  const forks = await server.trivium(['code', 'forks', 'forks'], { cwd, env })
  expect(forks.code, forks.err).toBe(0)
  expect(forks.out).toMatch(/main \(base\) +1 +– +0\.53, best of 1/)
  expect(forks.out).toMatch(/deeper +1 +– +0\.57, best of 1 .* 1 +0 +\+1 −0 +1 +0 +none/)
  expect(forks.out).toContain(`git merge ${git('rev-parse', 'deeper').slice(0, 12)}`)
  expect((await server.trivium(['code', 'forks', 'forks', '--recorded'], { cwd: server.data })).out).toBe(forks.out)
  const patch = await server.trivium(['code', 'patch', 'forks', 'deeper', '--out', 'deeper.patch'], { cwd, env })
  expect(patch.code, patch.err).toBe(0)
  git('switch', '-q', 'main')
  git('apply', '--index', 'deeper.patch')
  expect(git('write-tree')).toBe(git('rev-parse', 'deeper^{tree}'))
  expect((await server.trivium(['code', 'patch', 'forks', 'main'], { cwd, env })).err).toContain(
    'no line "main" beside',
  )
})

test('an experiment that cannot be run says what is wrong with its file', async () => {
  const cwd = join(server.data, 'wrong')
  await mkdir(cwd)
  const said = async (text: string) => {
    await writeFile(join(cwd, 'one.yaml'), text)
    const { code, err } = await server.trivium(['experiment', 'run', 'one.yaml'], { cwd, env })
    return `${code} ${err}`
  }
  expect(await said('base: one.yaml\n')).toMatch(/^2 .*one\.yaml is its own base/)
  expect(await said('parms: {}\n')).toMatch(/^2 .*says "parms", which means nothing/)
  expect(await said('params: {}\n')).toMatch(/^2 .*needs a command/)
  expect(await said("command: [echo, '{params.depth}']\n")).toMatch(/^2 .*"depth", which has no value/)
  expect(await said('command: [echo]\ndata: {training: nothing@4}\n')).toMatch(/^1 .*nothing/)
  expect(await said('command: [echo]\npipeline: fit\n')).toMatch(/^2 .*has a command and a pipeline/)
  expect(await said('pipeline: fit\ndata: {training: flights@1}\n')).toMatch(/^2 .*its pipeline names its own/)
  expect(await said('pipeline: [fit]\n')).toMatch(/^2 .*"pipeline" of one\.yaml must be a text/)
  expect(await said('pipeline: nothing-here\n')).toMatch(/^1 .*nothing-here/)
  expect(await said('command: [echo]\ndata: {training: flights}\n')).toMatch(/^2 .*such as flights@3/)
})

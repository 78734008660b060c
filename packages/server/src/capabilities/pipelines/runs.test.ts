import { describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'
import {
  endOfRun,
  readRun,
  runPipeline,
  startRun,
  savePipeline,
  statesOf,
  stepOf,
  waitForRun,
} from './pipelines.fixture.ts'

const diamond = {
  name: 'diamond',
  yaml: `
name: diamond
params: { rows: 3, note: { type: string, default: hello, description: goes into the log } }
code: [flow]
steps:
  make: { run: flow.make:make, params: [rows], out: { table: file } }
  left: { run: flow.half:left, in: { table: steps.make.table }, out: { folder: directory } }
  right: { run: flow.half:right, in: { table: steps.make.table }, params: { note: 'say \${params.note}' }, out: { total: value } }
  join: { run: flow.half:join, in: { folder: steps.left.folder, total: steps.right.total, rows: params.rows }, out: { report: value } }
`,
  files: {
    'flow/make.py': `
def make(rows, table):
    print("making", rows, "rows")
    with open(table, "w") as f:
        f.writelines(f"{i}\\n" for i in range(rows))
`,
    'flow/half.py': `
import os
def left(table, folder):
    os.makedirs(folder + "/deep")
    with open(folder + "/deep/copy.txt", "w") as f: f.write(open(table).read())
    with open(folder + "/name.txt", "w") as f: f.write(os.environ["TRIVIUM_PIPELINE_RUN"])
def right(table, note):
    print(note)
    return {"total": sum(int(line) for line in open(table))}
def join(folder, total, rows):
    return {"report": {"total": total, "rows": rows, "copy": open(folder + "/deep/copy.txt").read(), "run": open(folder + "/name.txt").read(), "environment": sorted(os.environ)}}
`,
  },
}

describeEachDatabase('pipeline runs', ({ world }) => {
  test('a diamond of Python steps runs its branches, hands files, folders and values on, and says where everything is', async () => {
    const client = await world.as('maintainer')
    const run = await runPipeline(client, diamond)
    expect(statesOf(run)).toEqual({ make: 'finished', left: 'finished', right: 'finished', join: 'finished' })
    expect(run).toMatchObject({
      state: 'finished',
      params: { rows: 3, note: 'hello' },
      stepCounts: { finished: 4 },
      startedByName: 'maintainer-default-0',
      version: 1,
    })
    const report = stepOf(run, 'join').outputs[0]
    expect(report).toMatchObject({
      name: 'report',
      kind: 'value',
      value: { total: 3, rows: 3, copy: '0\n1\n2\n', run: run.id },
    })
    const { environment } = report?.value as { environment: string[] }
    expect(environment).toContain('MLFLOW_TRACKING_TOKEN')
    expect(
      environment.filter((name) => name.startsWith('TRIVIUM_ADMIN') || name.startsWith('TRIVIUM_DATABASE')),
    ).toEqual([])
    expect(stepOf(run, 'left').outputs[0]).toMatchObject({ kind: 'directory', value: { 'deep/copy.txt': { size: 6 } } })
    expect(stepOf(run, 'make').attempts).toMatchObject([{ attempt: 1, state: 'finished', exitCode: 0 }])
    const log = await client.call('GET', `/api/v1/projects/default/pipeline-runs/${run.id}/steps/right/log`)
    expect(log.json.lines.map((line: { text: string }) => line.text)).toContain('say hello')
    expect(log.json).toMatchObject({ attempt: 1, complete: true })
    const file = await client.call(
      'GET',
      `/api/v1/projects/default/pipeline-runs/${run.id}/steps/left/outputs/folder?path=deep/copy.txt`,
    )
    expect(file.text).toBe('0\n1\n2\n')
    expect(file.headers['content-disposition']).toContain('attachment')
    expect(file.headers['content-security-policy']).toBe('sandbox')
    await world.settled()
    const events = await client.call(
      'GET',
      `/api/v1/projects/default/events?subject=${encodeURIComponent(run.urn)}&limit=10`,
    )
    expect(events.json.events.map((event: { name: string }) => event.name).toSorted()).toEqual([
      'pipeline-run.finished',
      'pipeline-run.started',
    ])
  })

  test('the token of a run acts for whoever started it while the run lasts, and is worth nothing afterwards', async () => {
    const client = await world.as('maintainer')
    const run = await runPipeline(client, {
      name: 'tell',
      yaml: 'name: tell\nsteps:\n  tell: { run: "tell:tell", out: { token: value } }\n',
      files: { 'tell.py': 'import os\ndef tell(): return {"token": os.environ["TRIVIUM_TOKEN"]}\n' },
    })
    const { token } = { token: stepOf(run, 'tell').outputs[0]?.value as string }
    expect(token).toMatch(/^trv_/)
    await world.settled()
    const after = await world.app.inject({
      method: 'GET',
      url: '/api/v1/projects/default/pipelines',
      headers: { authorization: `Bearer ${token}`, host: 'localhost' },
    })
    expect(after.statusCode).toBe(401)
  })

  test('a step that fails is tried again after its back-off, and its first error stays visible', async () => {
    const client = await world.as('maintainer')
    await savePipeline(client, {
      name: 'flaky',
      yaml: 'name: flaky\nsteps:\n  once: { run: "flaky:once", retry: { max: 1, backoff: 10s }, out: { n: value } }\n',
      files: {
        'flaky.py':
          'import os\ndef once():\n    if os.environ["TRIVIUM_ATTEMPT"] == "1":\n        raise ConnectionError("the feed is away")\n    return {"n": 2}\n',
      },
    })
    const started = await startRun(client, 'flaky')
    const waiting = await waitForRun(client, started.id, (run) => run.steps[0]?.notBefore !== null)
    expect(stepOf(waiting, 'once')).toMatchObject({
      state: 'queued',
      notBefore: world.time.now + 10_000,
      attempts: [{ state: 'failed' }],
    })
    world.time.now += 10_000
    const run = await endOfRun(client, started.id)
    expect(stepOf(run, 'once')).toMatchObject({
      state: 'finished',
      attempts: [
        { attempt: 1, state: 'failed', error: { code: 'PIPELINES.STEP_FAILED' } },
        { attempt: 2, state: 'finished' },
      ],
    })
  })

  test('a step that fails for good shows its traceback, skips what needs it and leaves other branches alone', async () => {
    const client = await world.as('maintainer')
    const run = await runPipeline(client, {
      name: 'broken',
      yaml: 'name: broken\nsteps:\n  bad: { run: "b:bad", out: { x: file } }\n  after: { run: "b:good", in: { x: steps.bad.x } }\n  later: { run: "b:good", needs: [after] }\n  other: { run: "b:other" }\n',
      files: {
        'b.py':
          'def bad(x):\n    rows = {}\n    return rows["missing column"]\ndef good(x=None): pass\ndef other(): print("fine")\n',
      },
    })
    expect(run).toMatchObject({ state: 'failed', reason: `Step "bad" failed: KeyError: 'missing column'` })
    expect(statesOf(run)).toEqual({ bad: 'failed', after: 'skipped', later: 'skipped', other: 'finished' })
    expect(stepOf(run, 'after').reason).toBe('"bad" failed.')
    const error = stepOf(run, 'bad').attempts[0]?.error
    expect(error?.message).toBe(`Step "bad" failed: KeyError: 'missing column'`)
    expect(error?.detail).toContain('return rows["missing column"]')
    const log = await client.call('GET', `/api/v1/projects/default/pipeline-runs/${run.id}/steps/bad/log`)
    expect(log.text).toContain('Traceback')
  })

  test('a step that writes nothing it promised fails and names the output and what is there instead', async () => {
    const client = await world.as('maintainer')
    const run = await runPipeline(client, {
      name: 'empty',
      yaml: 'name: empty\nsteps:\n  write: { run: "e:write", out: { model: file, note: file } }\n  tell: { run: "e:tell", out: { score: value, auc: value } }\n',
      files: { 'e.py': 'def write(model, note):\n    open(note, "w").write("n")\ndef tell(): return {"score": 1}\n' },
    })
    expect(stepOf(run, 'write').attempts[0]?.error).toMatchObject({
      code: 'PIPELINES.OUTPUT_MISSING',
      message: expect.stringContaining('did not write its output "model" (file)'),
    })
    expect(stepOf(run, 'write').reason).toContain('It wrote: note.')
    expect(stepOf(run, 'tell').reason).toContain('return a dict with the key "auc"')
  })

  test('a step beyond its time limit is stopped with its whole process group', async () => {
    const client = await world.as('maintainer')
    const run = await runPipeline(client, {
      name: 'slow',
      yaml: 'name: slow\nsteps:\n  sleep: { run: "s:sleep", timeout: 500ms }\n',
      files: { 's.py': 'import time\ndef sleep():\n    print("going to sleep")\n    time.sleep(60)\n' },
    })
    expect(run.state).toBe('failed')
    expect(stepOf(run, 'sleep').attempts).toMatchObject([
      {
        state: 'timed-out',
        error: { code: 'PIPELINES.TIMED_OUT', message: 'Step "sleep" was stopped after its time limit of 0.5 s.' },
      },
    ])
  })

  test('a cancelled run stops what runs and never begins the rest', async () => {
    const client = await world.as('maintainer')
    await savePipeline(client, {
      name: 'long',
      yaml: 'name: long\nsteps:\n  sleep: { run: "s:sleep" }\n  after: { run: "s:sleep", needs: [sleep] }\n',
      files: { 's.py': 'import time\ndef sleep():\n    print("begun")\n    time.sleep(60)\n' },
    })
    const { id } = await startRun(client, 'long')
    const url = `/api/v1/projects/default/pipeline-runs/${id}`
    await waitForRun(client, id, (run) => stepOf(run, 'sleep').state === 'running')
    while (!(await client.call('GET', `${url}/steps/sleep/log`)).text.includes('begun'))
      await new Promise((resolve) => setTimeout(resolve, 20))
    const before = Date.now()
    expect((await client.call('POST', `${url}/cancel`, {})).status).toBe(200)
    const run = await endOfRun(client, id)
    expect(Date.now() - before).toBeLessThan(10_000)
    expect(run.state).toBe('cancelled')
    expect(statesOf(run)).toEqual({ sleep: 'cancelled', after: 'cancelled' })
    expect(stepOf(run, 'sleep').attempts).toMatchObject([{ state: 'cancelled' }])
    expect((await client.call('POST', `${url}/cancel`, {})).json).toMatchObject({ code: 'PIPELINES.RUN_ENDED' })
  })

  test('a command runs without a shell, reads inputs and parameters by placeholder and writes its outputs', async () => {
    const client = await world.as('maintainer')
    const run = await runPipeline(client, {
      name: 'shell',
      yaml: `
name: shell
params: { words: "a; ls" }
steps:
  copy:
    kind: command
    params: [words]
    out: { text: file, facts: value }
    with: { env: { MODE: loud } }
    run:
      - python3
      - -c
      - 'import json, os, sys; open(sys.argv[2], "w").write(sys.argv[1]); json.dump({"mode": os.environ["MODE"]}, open(sys.argv[3], "w"))'
      - \${params.words}
      - \${out.text}
      - \${out.facts}
  wrong: { kind: command, run: [python3, -c, 'import sys; print("to stderr", file=sys.stderr); sys.exit(3)'] }
`,
    })
    expect(stepOf(run, 'copy').state).toBe('finished')
    expect(stepOf(run, 'copy').outputs).toMatchObject([
      { name: 'text', size: 5 },
      { name: 'facts', value: { mode: 'loud' } },
    ])
    expect(stepOf(run, 'wrong').attempts).toMatchObject([{ state: 'failed', exitCode: 3 }])
  })

  test('a run of another project is not found, and a viewer starts none', async () => {
    const client = await world.as('maintainer')
    const run = await runPipeline(client, {
      name: 'mine',
      yaml: 'name: mine\nsteps:\n  one: { kind: command, run: ["true"] }\n',
    })
    const stranger = await world.as('maintainer', await world.makeProject())
    expect(
      (await stranger.call('GET', `/api/v1/projects/${stranger.scope.project}/pipeline-runs/${run.id}`)).json,
    ).toMatchObject({ code: 'PIPELINES.RUN_NOT_FOUND' })
    expect((await stranger.call('GET', `/api/v1/projects/default/pipeline-runs/${run.id}`)).status).toBe(404)
    const viewer = await world.as('viewer')
    expect((await viewer.call('POST', '/api/v1/projects/default/pipelines/mine/runs', {})).status).toBe(403)
    expect((await readRun(viewer, run.id)).id).toBe(run.id)
  })

  test('runs are listed newest first, page by page, and by state', async () => {
    const project = await world.makeProject()
    const client = await world.as('maintainer', project)
    const url = `/api/v1/projects/${project}/pipeline-runs`
    const ids: string[] = []
    for (const ok of [true, false, true])
      ids.unshift(
        (
          await runPipeline(client, {
            name: 'p',
            yaml: `name: p\nsteps:\n  s: { kind: command, cache: never, run: ["${ok ? 'true' : 'false'}"] }\n`,
          })
        ).id,
      )
    const first = (await client.call('GET', `${url}?limit=2`)).json
    expect(first.runs.map((run: { id: string }) => run.id)).toEqual(ids.slice(0, 2))
    expect((await client.call('GET', `${url}?limit=2&page_token=${first.nextPageToken}`)).json).toMatchObject({
      runs: [{ id: ids[2] }],
      nextPageToken: null,
    })
    expect((await client.call('GET', `${url}?state=failed`)).json.runs.map((run: { id: string }) => run.id)).toEqual([
      ids[1],
    ])
    expect((await client.call('GET', `${url}?state=odd`)).json).toMatchObject({ code: 'PIPELINES.UNKNOWN_STATE' })
    const list = (await client.call('GET', `/api/v1/projects/${project}/pipelines`)).json.pipelines
    expect(list).toMatchObject([
      { name: 'p', latest: { version: 3 }, recentRuns: [{ id: ids[0] }, { id: ids[1] }, { id: ids[2] }] },
    ])
  })
})

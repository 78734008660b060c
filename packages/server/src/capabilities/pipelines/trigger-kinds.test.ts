import { type Client, describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'
import { urn } from '../../kernel/ids/index.ts'
import { endOfRun, readRun, savePipeline, startRun, stepOf, waitForRun } from './pipelines.fixture.ts'

const day = 86_400_000
const start = Date.UTC(2001, 5, 1)

describeEachDatabase('what starts a pipeline', ({ world }) => {
  const place = async () => {
    const project = await world.makeProject()
    const client = await world.as('maintainer', project)
    const api = `/api/v1/projects/${project}`
    const save = async (name: string, more: string, step = '{ kind: command, cache: never, run: ["true"] }') => {
      const saved = await savePipeline(client, { name, yaml: `name: ${name}\nsteps:\n  train: ${step}\n${more}` })
      if (saved.status !== 200) throw new Error(saved.text)
    }
    const happen = async (name: string, subject: string, data: Record<string, unknown>, refs: object[] = []) => {
      await world.kernel.db.write.transaction().execute((trx) =>
        world.kernel.events.append(trx, {
          project,
          name,
          schema: 1,
          by: 'system:test',
          subject,
          refs: refs as never,
          data,
          eventTime: start,
        }),
      )
      await world.settled(project)
    }
    const evaluations = async (pipeline: string): Promise<Record<string, any>[]> =>
      (await client.call('GET', `${api}/pipelines/${pipeline}/triggers`)).json.evaluations
    const runs = async (pipeline: string): Promise<Record<string, any>[]> =>
      (await client.call('GET', `${api}/pipeline-runs?pipeline=${pipeline}`)).json.runs
    return { project, client, api, save, happen, evaluations, runs }
  }
  const rows = (from: number, to: number, late: (i: number) => string = () => '1', at = start) =>
    `at,late\n${Array.from({ length: to - from }, (_, i) => `${new Date(at + (from + i) * 1000).toISOString()},${late(from + i)}`).join('\n')}\n`
  const addData = async (client: Client, project: string, csv: string, first = false) => {
    world.time.now += 1000
    const answer = await client.call(
      'POST',
      `/api/v1/projects/${project}/datasets/flights/versions?format=csv&event_time=at`,
      Buffer.from(csv),
      { 'content-type': 'text/csv' },
    )
    if (answer.status >= 300 && !first) throw new Error(answer.text)
    await world.settled(project)
    return answer
  }

  test('a task before it, a new model version, changed code', async () => {
    const { project, save, happen, evaluations, runs, client } = await place()
    await save('prepare', '')
    await save(
      'after',
      `triggers:
  - { name: then, on: { event: pipeline-run.finished, where: { pipeline: prepare } } }
  - { name: model, on: { event: model-version.registered, where: { model: delay } } }
  - { name: code, on: { event: pipeline.defined, where: { pipeline: prepare, codeChanged: true } } }
`,
    )
    const first = await startRun(client, 'prepare')
    await endOfRun(client, first.id)
    await world.settled(project)
    expect((await runs('after')).map((run) => run['cause'])).toMatchObject([
      {
        kind: 'event',
        trigger: 'then',
        refs: [{ urn: urn(project, 'pipeline-run', first.id), as: 'triggered-by' }],
      },
    ])
    await happen('model-version.registered', urn(project, 'model', 'other', 1), { model: 'other' })
    await happen('model-version.registered', urn(project, 'model', 'delay', 1), { model: 'delay' })
    const [own] = await runs('after')
    expect(own?.['cause'].trigger).toBe('model')
    // What it has registered itself is no reason to start again.
    await happen('model-version.registered', urn(project, 'model', 'delay', 2), { model: 'delay' }, [
      { rel: 'input', urn: urn(project, 'pipeline-run', own?.['id']), as: 'registered-by' },
    ])
    expect((await evaluations('after'))[0]).toMatchObject({
      outcome: 'no-match',
      reason: `The version was made by this pipeline itself, in run ${own?.['id']}.`,
    })
    const code = (text: string) =>
      savePipeline(client, {
        name: 'prepare',
        yaml: `name: prepare\nsteps:\n  train: { kind: command, run: ["true"] }\n`,
        files: { 'a.py': text },
      })
    await code('x = 1')
    await world.settled(project)
    await code('x = 2')
    await world.settled(project)
    await savePipeline(client, {
      name: 'prepare',
      yaml: 'name: prepare\ndescription: other words\nsteps:\n  train: { kind: command, run: ["true"] }\n',
      files: { 'a.py': 'x = 2' },
    })
    await world.settled(project)
    const looks = (await evaluations('after')).filter((one) => one['trigger'] === 'code')
    expect(looks[0]).toMatchObject({ outcome: 'no-match', reason: 'codeChanged is false, not true.' })
    expect((await runs('after')).filter((run) => run['cause'].trigger === 'code')).toHaveLength(2)
  }, 60_000)

  test('enough new data: rows add up until there are as many as it waits for', async () => {
    const { project, client, save, evaluations, runs } = await place()
    await save(
      'enough',
      'triggers:\n  - { name: data, on: { event: dataset.version-added, where: { dataset: flights }, rows: 25 } }\n',
    )
    await addData(client, project, rows(0, 10))
    await addData(client, project, rows(10, 20))
    expect(await runs('enough')).toHaveLength(0)
    expect((await evaluations('enough'))[0]).toMatchObject({
      outcome: 'accumulating',
      reason: expect.stringContaining('20 of 25 new rows have come.'),
    })
    await addData(client, project, rows(20, 30))
    expect(await runs('enough')).toHaveLength(1)
    await addData(client, project, rows(30, 40))
    expect((await evaluations('enough'))[0]?.['reason']).toContain('10 of 25')
  }, 60_000)

  test('a run starts only on data that passed validation, are labelled, fresh and new; a cause waits until they are', async () => {
    const { project, client, api, save, happen, evaluations, runs } = await place()
    await save(
      'careful',
      `requires:
  - { dataset: flights, label: late, labelled: 0.9, fresh: 2d }
triggers:
  - { name: drift, on: monitor.drifted }
`,
    )
    const refusal = async () => {
      const answer = await client.call('POST', `${api}/pipelines/careful/runs`, {})
      return [answer.status, answer.json.code, answer.json.detail]
    }
    expect(await refusal()).toEqual([
      409,
      'PIPELINES.DATA_NOT_READY',
      expect.stringContaining('flights has no version yet'),
    ])
    await addData(client, project, rows(0, 10))
    expect((await refusal())[2]).toContain('was not validated: flights declares no check')
    const checks = await client.call('PUT', `${api}/datasets/flights`, {
      checks: [{ kind: 'rows', severity: 'block', min: 5 }],
    })
    expect(checks.status, checks.text).toBe(200)
    await addData(
      client,
      project,
      rows(10, 20, (i) => (i % 2 ? '1' : '')),
    )
    await client.call('POST', `${api}/watermark`, { to: start + 3_600_000, waitMs: 20_000 })
    expect((await refusal())[2]).toContain('50 % of the new rows of flights v2 are labelled; 90 % are required.')
    const drift = (at: number) =>
      happen('monitor.drifted', urn(project, 'monitor', 'delay'), {
        monitor: 'delay',
        kind: 'drift',
        features: ['hour'],
        results: [],
        at,
      })
    await drift(1)
    expect((await evaluations('careful'))[0]).toMatchObject({ outcome: 'not-ready', run: null })
    expect(await runs('careful')).toHaveLength(0)
    expect((await addData(client, project, rows(20, 23), true)).status).toBeGreaterThanOrEqual(400)
    expect((await refusal())[2]).toContain('did not pass validation')
    // The data come: what had happened before starts the run now.
    await addData(client, project, rows(20, 40))
    const [run] = await runs('careful')

    expect(run?.['cause'].refs[0]).toMatchObject({ urn: urn(project, 'monitor', 'delay') })
    expect((await endOfRun(client, run?.['id'])).state).toBe('finished')
    await world.settled(project)
    await drift(2)
    expect((await evaluations('careful'))[0]).toMatchObject({
      outcome: 'not-ready',
      reason: expect.stringContaining('flights has nothing newer than v3'),
    })
    await client.call('POST', `${api}/watermark`, { to: start + 5 * day, waitMs: 20_000 })
    expect((await refusal())[2]).toContain('The newest row of flights v3 is 5 days old; 2 days are allowed.')
  }, 60_000)

  test('a run follows its predecessor, the cadence is shown with the last outcome, and a run that takes too long is said', async () => {
    const { project, client, api, save } = await place()
    await save(
      'paced',
      `triggers:
  - { name: again, on: { event: pipeline-run.finished, where: { pipeline: paced } }, cooldown: 1d }
  - { name: hourly, schedule: 1h }
  - { name: weekdays, schedule: "0 5 * * 1" }
`,
    )
    await save(
      'chain',
      'triggers:\n  - { name: on, on: { event: pipeline-run.finished, where: { pipeline: chain } } }\n',
      '{ kind: review, with: { title: Go on, question: "?" } }',
    )
    const insert = async (trigger: string, id: string, ms: number, state: 'finished' | 'rejected') => {
      const first = await startRun(client, 'paced')
      await endOfRun(client, first.id)
      await world.kernel.db.write.transaction().execute((trx) =>
        trx
          .updateTable('pipeline_run')
          .set((e) => ({ trigger_name: trigger, state, reason: id, finished_at: e('created_at', '+', ms) }))
          .where('id', '=', first.id)
          .execute(),
      )
      return first.id
    }
    const slow = await insert('hourly', 'the gate said no', 50 * 60_000, 'rejected')
    await insert('weekdays', 'fine', 60_000, 'finished')
    const { triggers } = (await client.call('GET', `${api}/pipelines/paced/triggers`)).json
    const cadence = Object.fromEntries(
      triggers.map((one: { name: string; cadence: object }) => [one.name, one.cadence]),
    )
    expect(cadence['hourly']).toMatchObject({
      everyMs: 3_600_000,
      backToBack: false,
      longestMs: 3_000_000,
      lastRun: { id: slow, state: 'rejected', reason: 'the gate said no', durationMs: 3_000_000 },
      warning:
        'A run takes 50 minutes of the 60 minutes between two. Retrain less often, or make the run shorter, before they overlap.',
    })
    expect(cadence['weekdays']).toMatchObject({ everyMs: 7 * day, warning: null })
    expect(cadence['again']).toMatchObject({ everyMs: day, backToBack: false })
    expect((await client.call('GET', `${api}/pipelines/chain/triggers`)).json.triggers[0].cadence).toMatchObject({
      everyMs: null,
      backToBack: true,
    })
    // Back to back: the end of one is the beginning of the next.
    const approver = await world.as('approver', project)
    const accept = async () => {
      const [item] = (await approver.call('GET', `${api}/inbox?view=team`)).json.items
      await approver.call('POST', `${api}/inbox/${item.id}/decision`, { option: 'accept' })
    }
    const one = await startRun(client, 'chain')
    await waitForRun(client, one.id, (run) => run.state === 'waiting')
    await accept()
    await endOfRun(client, one.id)
    await expect
      .poll(async () => (await client.call('GET', `${api}/pipeline-runs?pipeline=chain`)).json.runs.length)
      .toBe(2)
  }, 60_000)

  test('steps wait in a queue that shows what started them, and the urgent begin first', async () => {
    const { project, client, api, save } = await place()
    const slots = world.kernel.config.stepSlots
    await save('busy', '', '{ kind: command, cache: never, run: ["sh", "-c", "sleep 30"] }')
    await save('calm', '', '{ kind: command, cache: never, run: ["true"] }')
    await save('urgent', 'triggers:\n  - { name: alarm, on: monitor.drifted, priority: 9 }\n')
    const holders = await Promise.all(Array.from({ length: slots }, () => startRun(client, 'busy')))
    for (const { id } of holders) await waitForRun(client, id, (run) => stepOf(run, 'train').state === 'running')
    const calm = await startRun(client, 'calm')
    const other = await startRun(client, 'calm')
    await world.kernel.db.write.transaction().execute((trx) =>
      world.kernel.events.append(trx, {
        project,
        name: 'monitor.drifted',
        schema: 1,
        by: 'system:test',
        subject: urn(project, 'monitor', 'delay'),
        refs: [],
        data: { monitor: 'delay', kind: 'drift', features: ['hour'], results: [] },
        eventTime: start,
      }),
    )
    const queue = async () => (await client.call('GET', `${api}/pipeline-queue`)).json
    await expect.poll(async () => (await queue()).steps.length).toBe(slots + 3)
    const shown = await queue()
    expect(shown.slots).toBe(slots)
    expect(shown.steps.map((one: Record<string, unknown>) => [one['position'], one['pipeline'], one['state']])).toEqual(
      [
        ...holders.map(() => [0, 'busy', 'running']),
        [1, 'urgent', 'queued'],
        [2, 'calm', 'queued'],
        [3, 'calm', 'queued'],
      ],
    )
    expect(shown.steps[slots]).toMatchObject({ priority: 9, cause: { kind: 'event', trigger: 'alarm' } })
    const moved = await client.call('PUT', `${api}/pipeline-runs/${other.id}/priority`, { priority: 9 })
    expect(moved.json.priority).toBe(9)
    expect((await queue()).steps.slice(slots).map((one: Record<string, unknown>) => one['run'])[2]).toBe(calm.id)
    const viewer = await world.as('viewer', project)
    expect((await viewer.call('PUT', `${api}/pipeline-runs/${calm.id}/priority`, { priority: 9 })).status).toBe(403)
    for (const { id } of holders) await client.call('POST', `${api}/pipeline-runs/${id}/cancel`)
    for (const { id } of holders) await endOfRun(client, id)
    await endOfRun(client, calm.id)
    const [first, last] = [await readRun(client, other.id), await readRun(client, calm.id)]
    expect(stepOf(first, 'train').startedAt).toBeLessThanOrEqual(stepOf(last, 'train').startedAt ?? 0)
    const late = await client.call('PUT', `${api}/pipeline-runs/${calm.id}/priority`, { priority: 1 })
    expect([late.status, late.json.code]).toEqual([409, 'PIPELINES.RUN_ENDED'])
  }, 60_000)

  test('what a trigger says wrongly is named', async () => {
    const { client } = await place()
    const save = async (more: string) =>
      (
        await savePipeline(client, {
          name: 'x',
          yaml: `name: x\nsteps:\n  a: { kind: command, run: ["true"] }\n${more}`,
        })
      ).json.detail
    expect(await save('triggers: [{ on: pipeline-run.finished }]')).toContain(
      '"pipeline-run.finished" needs "pipeline"',
    )
    expect(await save('triggers: [{ on: { event: monitor.drifted, rows: 5 } }]')).toContain('brings no rows')
    expect(await save('triggers: [{ schedule: 1h, priority: 11 }]')).toContain('a whole number from 0 to 9')
    expect(await save('requires: [{ dataset: d, labelled: 0.5 }]')).toContain('needs "label"')
    expect(await save('requires: [{ label: d }]')).toContain('needs the name of a dataset')
  }, 60_000)

  test('a run is repeated from its record: what it read then, although there is something newer now', async () => {
    const { project, client, api } = await place()
    await addData(client, project, rows(0, 10))
    const text = (note: string) => ({
      name: 'again',
      yaml: `name: again
params: { seed: 7 }
steps:
  check: { kind: validate, in: { dataset: "dataset:flights@latest" } }
  train: { kind: command, in: { rows: steps.check.dataset }, params: [seed], run: ["sh", "-c", "echo ${note} \${params.seed} > \${out.model}"], out: { model: file } }
`,
    })
    expect((await savePipeline(client, text('old'))).status).toBe(200)
    const first = await endOfRun(client, (await startRun(client, 'again', { seed: 11 })).id)
    await addData(client, project, rows(10, 20))
    await savePipeline(client, text('new'))
    const repeated = await client.call('POST', `${api}/pipeline-runs/${first.id}/repeat`, {})
    expect(repeated.status, repeated.text).toBe(201)
    const run = await endOfRun(client, repeated.json.id)
    expect(run).toMatchObject({
      state: 'finished',
      version: 1,
      definitionDigest: first.definitionDigest,
      params: { seed: 11 },
      asOf: first.asOf,
      cause: { summary: `Repeats ${first.id} from its record.`, refs: [{ urn: first.urn, as: 'repeats' }] },
    })
    expect(stepOf(run, 'check').inputs[0]?.urn).toBe(urn(project, 'dataset', 'flights', 1))
    expect(stepOf(run, 'train').outputs).toEqual(stepOf(first, 'train').outputs)
    expect(stepOf(run, 'train').cache).toMatchObject({
      outcome: 'off',
      reason: `This run repeats ${first.id}: every step runs.`,
    })
    const now = await endOfRun(client, (await startRun(client, 'again', { seed: 11 })).id)
    expect(stepOf(now, 'check').inputs[0]?.urn).toBe(urn(project, 'dataset', 'flights', 2))
    const viewer = await world.as('viewer', project)
    expect((await viewer.call('POST', `${api}/pipeline-runs/${first.id}/repeat`, {})).status).toBe(403)
    expect((await client.call('POST', `${api}/pipeline-runs/prn_0/repeat`, {})).status).toBe(404)
  }, 60_000)

  test('a pipeline of one team is attached to that of another: it starts when that ends and reads what its steps made', async () => {
    const { project, client, save } = await place()
    await save(
      'theirs',
      '',
      '{ kind: command, cache: never, run: ["sh", "-c", "echo prepared $$ > ${out.rows}"], out: { rows: file } }',
    )
    await save(
      'ours',
      'triggers:\n  - { name: then, on: { event: pipeline-run.finished, where: { pipeline: theirs } } }\n',
      '{ kind: command, cache: never, in: { rows: "pipeline:theirs/train.rows" }, run: ["cat", "${in.rows}"] }',
    )
    const early = await endOfRun(client, (await startRun(client, 'ours')).id)
    expect(early.reason).toContain('no run of pipeline "theirs" has finished yet.')
    const made = await endOfRun(client, (await startRun(client, 'theirs')).id)
    await world.settled(project)
    const [attached] = (await client.call('GET', `/api/v1/projects/${project}/pipeline-runs?pipeline=ours`)).json.runs
    const run = await endOfRun(client, attached.id)
    expect([run.state, run.cause.trigger]).toEqual(['finished', 'then'])
    expect(stepOf(run, 'train').inputs[0]).toMatchObject({
      digest: stepOf(made, 'train').outputs[0]?.digest,
      reference: 'pipeline:theirs/train.rows',
    })
    const { nodes } = (
      await client.call('GET', `/api/v1/projects/${project}/lineage?urn=${encodeURIComponent(run.urn)}&direction=up`)
    ).json
    expect(JSON.stringify(nodes)).toContain(made.id)
  }, 60_000)
})

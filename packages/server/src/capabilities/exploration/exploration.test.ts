import type { Explanation, Frontier, Idea, RunDraft, Velocity } from '@trivium/contract'
import { type Client, describeEachDatabase } from '@trivium/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { errorLine } from './last-error.ts'
import { medianTimes } from './median-times.ts'
import { runExplain } from './run-explain.ts'

interface NewRun {
  readonly name: string
  readonly params?: Record<string, string | number>
  readonly metrics?: Record<string, number>
  readonly tags?: Record<string, string>
  readonly status?: 'RUNNING' | 'FINISHED' | 'FAILED'
  readonly tookMs?: number
}

describeEachDatabase('exploration', ({ world }) => {
  let me: Client
  let project = ''
  beforeAll(async () => {
    project = await world.makeProject()
    me = await world.as('contributor', project)
  })
  const at = (path: string) => `/api/v1/projects/${project}${path}`
  const makeExperiment = async (name: string): Promise<string> =>
    (await me.call('POST', at('/experiments'), { name })).json.id
  let minute = 0
  const makeRun = async (experiment: string, run: NewRun): Promise<string> => {
    const { tracking } = world.capabilities
    minute += 1
    const startTime = world.time.now + minute * 60_000
    const { id } = await tracking.createRun(me.scope, {
      experiment,
      name: run.name,
      user: 'ann',
      startTime,
      tags: Object.entries(run.tags ?? {}).map(([key, value]) => ({ key, value })),
    })
    await tracking.logBatch(me.scope, id, {
      params: Object.entries(run.params ?? {}).map(([key, value]) => ({ key, value: String(value) })),
      tags: [],
      metrics: Object.entries(run.metrics ?? {}).map(([key, value]) => ({ key, value, step: 0, timestamp: startTime })),
    })
    const status = run.status ?? 'FINISHED'
    if (status !== 'RUNNING')
      await tracking.updateRun(me.scope, id, { status, endTime: startTime + (run.tookMs ?? 30_000) })
    return id
  }
  const draftsOf = async (run: string): Promise<RunDraft[]> => {
    const answer = await me.call('GET', at(`/runs/${run}/drafts`))
    expect(answer.status).toBe(200)
    return answer.json.drafts
  }
  const part = (draft: RunDraft | undefined, name: 'changed' | 'happened' | 'reason') =>
    (draft?.sentences ?? []).filter((one) => one.part === name).map((one) => one.text)

  describe('drafts', () => {
    test('a draft says what changed against the closest run, what happened and the only difference as the reason, each with evidence', async () => {
      const experiment = await makeExperiment('one-change')
      const far = await makeRun(experiment, {
        name: 'far',
        params: { lr: 1, depth: 9, kind: 'tree' },
        metrics: { auc: 0.5 },
      })
      const base = await makeRun(experiment, { name: 'base', params: { lr: 0.1, depth: 3 }, metrics: { auc: 0.7 } })
      const next = await makeRun(experiment, {
        name: 'next',
        params: { lr: 0.3, depth: 3 },
        metrics: { auc: 0.74 },
        tookMs: 90_000,
      })
      const [draft, ...more] = await draftsOf(next)
      expect(more).toEqual([])
      expect(draft?.parent).toMatchObject({ id: base, why: expect.stringContaining('closest of 2') })
      expect(part(draft, 'changed')).toEqual(['`lr` went from `0.1` to `0.3`.'])
      expect(part(draft, 'happened')).toEqual([
        'Finished after 1 min 30 s; `base` took 30 s.',
        '`auc` ended at 0.74, `base` at 0.7: 0.04 more, which is better. There is no interval: one run each.',
      ])
      expect(part(draft, 'reason')[0]).toContain('Only one thing differs (`lr` went from `0.1` to `0.3`)')
      for (const sentence of draft?.sentences ?? [])
        for (const { run } of sentence.evidence) expect([far, base, next]).toContain(run)
      expect(draft?.text).toContain('**What changed.**')
      // The first run has nothing before it.
      expect(part((await draftsOf(far))[0], 'changed')[0]).toContain('nothing to compare it with')
    })

    test('the tag of what a run was built on decides, then a parent with parameters; the frame of a sweep does not', async () => {
      const experiment = await makeExperiment('parents')
      const first = await makeRun(experiment, { name: 'first', params: { lr: 0.9, a: 1 }, metrics: { auc: 0.6 } })
      const close = await makeRun(experiment, { name: 'close', params: { lr: 0.2, a: 2 }, metrics: { auc: 0.7 } })
      const frame = await makeRun(experiment, { name: 'frame' })
      const parentOf = async (tags: Record<string, string>) => {
        const run = await makeRun(experiment, { name: 'x', params: { lr: 0.2, a: 3 }, metrics: { auc: 0.7 }, tags })
        const found = (await draftsOf(run))[0]?.parent?.id
        await me.call('DELETE', at(`/runs/${run}`))
        return found
      }
      expect(await parentOf({ 'trivium.builtOn': first, 'mlflow.parentRunId': close })).toBe(first)
      expect(await parentOf({ 'mlflow.parentRunId': first })).toBe(first)
      expect(await parentOf({ 'mlflow.parentRunId': frame })).toBe(close)
    })

    test('where several things changed, runs that changed one of them alone are the evidence', async () => {
      const experiment = await makeExperiment('many-changes')
      await makeRun(experiment, { name: 'base', params: { lr: 0.1, depth: 3 }, metrics: { auc: 0.7 } })
      await makeRun(experiment, { name: 'deep', params: { lr: 0.1, depth: 9 }, metrics: { auc: 0.6 } })
      const both = await makeRun(experiment, {
        name: 'both',
        params: { lr: 0.5, depth: 9 },
        metrics: { auc: 0.65 },
        tags: { 'trivium.builtOn': await runNamed(experiment, 'base') },
      })
      const reasons = part((await draftsOf(both))[0], 'reason')
      expect(reasons[0]).toContain('2 things changed at once')
      expect(reasons[1]).toBe('`deep` has only this change (`depth` went from `3` to `9`) and `auc` 0.6, one run each.')
    })
    const runNamed = async (experiment: string, name: string): Promise<string> =>
      (await me.call('GET', at(`/runs?experiment=${experiment}`))).json.runs.find(
        (run: { name: string }) => run.name === name,
      ).id

    test('a failed run is explained by the last error of its console, and by what its finished parent had otherwise', async () => {
      const experiment = await makeExperiment('failures')
      await makeRun(experiment, { name: 'base', params: { batch: 32 }, metrics: { auc: 0.7 } })
      const failed = await makeRun(experiment, { name: 'big', params: { batch: 4096 }, status: 'RUNNING' })
      const lines = [
        'Traceback (most recent call last):',
        '  File "train.py", line 3',
        'MemoryError: 12 GB',
        '  0: frame',
      ]
      await me.call('POST', at(`/runs/${failed}/console`), {
        first: 0,
        lines: lines.map((text) => ({ at: world.time.now, stream: 'stderr', text })),
      })
      expect(await draftsOf(failed)).toEqual([])
      await world.capabilities.tracking.updateRun(me.scope, failed, { status: 'FAILED', endTime: world.time.now })
      const [draft] = await draftsOf(failed)
      expect(part(draft, 'reason')).toEqual([
        'The last that its console says is `MemoryError: 12 GB`.',
        '`base` finished, and only this differs from it: `batch` went from `32` to `4096`.',
      ])
      expect(draft?.sentences.find((one) => one.part === 'reason')?.evidence[0]).toMatchObject({
        run: failed,
        at: 'log',
      })
    })

    test('a group of repeats has a draft of its own with intervals, the same from whichever run it is read', async () => {
      const experiment = await makeExperiment('repeats')
      const of = (name: string, lr: number, values: readonly number[]) =>
        Promise.all(
          values.map((auc, seed) =>
            makeRun(experiment, { name: `${name}-${seed}`, params: { lr, seed }, metrics: { auc } }),
          ),
        )
      await of('base', 0.1, [0.7, 0.71, 0.69])
      const [first = '', , third = ''] = await of('next', 0.3, [0.8, 0.81, 0.79])
      const group = (await draftsOf(first)).find((one) => one.of === 'group')
      expect(group?.members.map((one) => one.name).toSorted()).toEqual(['next-0', 'next-1', 'next-2'])
      expect(part(group, 'happened')[0]).toMatch(
        /^`auc` is 0\.8 in the mean of 3 repeats \(95 % interval of the mean 0\.7752 to 0\.8248/,
      )
      expect(part(group, 'happened')[1]).toMatch(
        /0\.8 \(mean of 3\) against 0\.7 \(mean of 3\): 0\.1 more, 95 % interval .*\(better\)/,
      )
      expect(part(group, 'reason')[0]).toContain('so it is the likely reason')
      expect((await draftsOf(third)).find((one) => one.of === 'group')).toEqual(group)
    })

    test('a draft is confirmed as it was read or edited, with who and when as an event; other words of the records are refused', async () => {
      const experiment = await makeExperiment('confirm')
      await makeRun(experiment, { name: 'base', params: { lr: 0.1 }, metrics: { auc: 0.7 } })
      const run = await makeRun(experiment, { name: 'next', params: { lr: 0.3 }, metrics: { auc: 0.74 } })
      const [draft] = await draftsOf(run)
      const put = (body: object) => me.call('PUT', at(`/runs/${run}/drafts/run`), body)
      expect((await put({ digest: '0'.repeat(64) })).json.code).toBe('EXPLORATION.DRAFT_CHANGED')
      const kept = await put({ digest: draft?.digest })
      expect(kept.json.note).toMatchObject({ text: draft?.text, edited: false, current: true, by: me.principal.id })
      const edited = await put({ digest: draft?.digest, text: 'It **learned** faster.' })
      expect(edited.json.note).toMatchObject({ text: 'It **learned** faster.', edited: true })
      await world.settled(project)
      const events = await me.call('GET', at('/events?name=run-note.confirmed,run-note.reopened'))
      expect(events.json.events.map((one: { data: object }) => one.data)).toMatchObject([
        { edited: true },
        { edited: false },
      ])
      // A metric that comes later changes the records, not the note.
      await world.capabilities.tracking.logBatch(me.scope, run, {
        params: [],
        tags: [],
        metrics: [{ key: 'loss', value: 0.1, step: 0, timestamp: 1 }],
      })
      expect((await draftsOf(run))[0]?.note).toMatchObject({ text: 'It **learned** faster.', current: false })
      const viewer = await world.as('viewer', project)
      expect((await viewer.call('DELETE', at(`/runs/${run}/drafts/run`))).status).toBe(403)
      expect((await me.call('DELETE', at(`/runs/${run}/drafts/run`))).status).toBe(204)
      expect((await draftsOf(run))[0]?.note).toBeNull()
      expect((await put({ digest: draft?.digest })).status).toBe(409)
      expect((await me.call('PUT', at(`/runs/${run}/drafts/group`), { digest: draft?.digest })).status).toBe(404)
    })

    test('the list of drafts pages by key, leaves out what runs and what is confirmed, and shows a group once', async () => {
      const experiment = await makeExperiment('list')
      for (const seed of [1, 2, 3])
        await makeRun(experiment, { name: `run-${seed}`, params: { lr: 0.1, seed }, metrics: { auc: 0.7 } })
      await makeRun(experiment, { name: 'going', params: { lr: 0.1, seed: 4 }, status: 'RUNNING' })
      const list = async (query: string) =>
        (await me.call('GET', at(`/experiments/${experiment}/drafts?${query}`))).json
      const first = await list('limit=2')
      expect(first).toMatchObject({ open: 3, confirmed: 0 })
      expect(first.drafts.map((one: RunDraft) => `${one.of} ${one.run.name}`)).toEqual([
        'run run-3',
        'group run-3',
        'run run-2',
      ])
      const second = await list(`limit=2&page_token=${first.nextPageToken}`)
      expect(second.drafts.map((one: RunDraft) => `${one.of} ${one.run.name}`)).toEqual(['run run-1'])
      expect(second.nextPageToken).toBeNull()
      const [draft] = first.drafts as RunDraft[]
      await me.call('PUT', at(`/runs/${draft?.run.id}/drafts/run`), { digest: draft?.digest })
      expect((await list('limit=5')).drafts.map((one: RunDraft) => one.run.name)).toEqual(['run-2', 'run-1'])
      expect((await list('state=confirmed')).drafts.map((one: RunDraft) => `${one.of} ${one.run.name}`)).toEqual([
        'run run-3',
      ])
      expect((await me.call('GET', at(`/experiments/${experiment}/drafts?page_token=x`))).status).toBe(400)
    })
  })

  test('what explains a metric: the parameter that does, what the best share, repeats, and what is beaten in value and time', async () => {
    const experiment = await makeExperiment('explained')
    for (let i = 0; i < 40; i += 1) {
      const [lr, kind] = [(i * 7) % 40, i % 2 === 0 ? 'tree' : 'linear']
      await makeRun(experiment, {
        name: `r${i}`,
        params: { lr, kind, idle: (i * 13) % 5, fixed: 1, seed: 1 },
        metrics: { auc: lr / 40 + (kind === 'tree' ? 0.01 : 0) },
        tookMs: 1000 + lr * 10,
      })
    }
    await makeRun(experiment, {
      name: 'again',
      params: { lr: 39, kind: 'linear', idle: 1, fixed: 1, seed: 1 },
      metrics: { auc: 0.97 },
    })
    const explain = async (query: string): Promise<Explanation> => {
      const answer = await me.call('GET', at(`/experiments/${experiment}/explanation?${query}`))
      expect(answer.status).toBe(200)
      return answer.json
    }
    const found = await explain('metric=auc')
    expect(found).toMatchObject({ runs: 41, looked: 41, truncated: false, direction: 'higher-is-better' })
    expect(found.importance.map((one) => one.key)).toEqual(['lr', expect.any(String), expect.any(String)])
    expect(found.importance[0]?.low).toBeGreaterThan(0.05)
    expect(found.importance[0]?.correlation).toBeGreaterThan(0.99)
    expect(found.fit?.explained).toBeGreaterThan(0.5)
    expect(Object.fromEntries(found.leftOut.map((one) => [one.key, one.why]))).toEqual({
      fixed: 'the same in all runs',
      seed: 'a seed: its differences are chance',
    })
    expect(found.best).toMatchObject({ runs: 5, shared: [{ key: 'lr' }] })
    expect(found.repeats).toMatchObject({ redundantRuns: 1, groups: [{ count: 2, redundant: 1, n: 1 }] })
    expect(found.front.runs[0]?.tookMs).toBe(1000)
    expect(found.front.dominated + found.front.runs.length).toBe(41)
    const turned = await explain('metric=auc&direction=lower-is-better&filter=params.idle%20%3D%20%274%27')
    expect(turned).toMatchObject({ runs: 8, direction: 'lower-is-better', fit: null })
    expect(turned.best.top[0]?.value).toBeLessThan(0.2)
    expect(turned.reason).toContain('at least 20 are needed')
  })

  describe('ideas', () => {
    const addIdea = async (experiment: string, body: object): Promise<Idea> => {
      const answer = await me.call('POST', at(`/experiments/${experiment}/ideas`), body)
      expect(answer.status).toBe(201)
      return answer.json
    }

    test('choosing needs a hypothesis, dropping a reason, concluding an outcome; runs link by their tag, before or after', async () => {
      const experiment = await makeExperiment('ideas')
      const idea = await addIdea(experiment, { title: 'Weather as a feature', source: 'domain expert' })
      const change = (body: object) => me.call('PATCH', at(`/ideas/${idea.id}`), body)
      expect((await change({ state: 'chosen' })).json.detail).toBe('Choosing an idea needs a hypothesis.')
      expect((await change({ state: 'dropped' })).status).toBe(400)
      expect((await change({ state: 'concluded', reason: 'tried' })).status).toBe(400)
      const chosen = await change({ state: 'chosen', hypothesis: 'Storms delay flights.' })
      expect(chosen.json).toMatchObject({
        state: 'chosen',
        hypothesisAt: world.time.now,
        decidedByName: me.principal.name,
      })
      // An MLflow client says it by a tag; a person links a run that is there.
      await makeRun(experiment, {
        name: 'tagged',
        params: { a: 1 },
        tags: { 'trivium.idea': idea.id },
        status: 'FAILED',
      })
      const later = await makeRun(experiment, { name: 'linked', params: { a: 2 }, metrics: { auc: 0.7 }, tookMs: 5000 })
      const linked = await me.call('POST', at(`/ideas/${idea.id}/runs`), { runs: [later] })
      expect(linked.json).toMatchObject({ runs: 2, spentMs: 35_000, hypothesisFirst: true })
      expect(linked.json.evaluatedAt - linked.json.firstRunAt).toBe(65_000)
      expect((await change({ hypothesis: 'Written after the fact.' })).json).toMatchObject({ hypothesisFirst: true })
      const done = await change({ state: 'concluded', outcome: 'supported', reason: 'AUC rose.' })
      expect(done.json).toMatchObject({ state: 'concluded', outcome: 'supported' })
      const unlinked = await me.call('POST', at(`/ideas/${idea.id}/runs`), { runs: [later], linked: false })
      expect(unlinked.json).toMatchObject({ runs: 1, evaluatedAt: null })
      expect((await me.call('POST', at(`/ideas/${idea.id}/runs`), { runs: [later, 'f'.repeat(32)] })).status).toBe(404)
      const { ideas } = (await me.call('GET', at(`/experiments/${experiment}/ideas`))).json
      expect(ideas.map((one: Idea) => [one.id, one.runs])).toEqual([[idea.id, 1]])
      expect((await me.call('PATCH', at('/ideas/ide_0'), { title: 'x' })).status).toBe(404)
      const viewer = await world.as('viewer', project)
      expect((await viewer.call('POST', at(`/experiments/${experiment}/ideas`), { title: 'x' })).status).toBe(403)
      await world.settled(project)
      const { events } = (await me.call('GET', at('/events?kind=idea'))).json
      expect(events.map((one: { data: { state: string } }) => one.data.state)).toEqual([
        'concluded',
        'chosen',
        'chosen',
        'open',
      ])
    })

    test('the frontier: what was tried, runs and cost, records with spread, what each was built on, and what never was tried with the reason', async () => {
      const experiment = await makeExperiment('frontier')
      const idea = await addIdea(experiment, { title: 'Deeper trees', hypothesis: 'More depth helps.' })
      const frame = await makeRun(experiment, { name: 'sweep', tags: { 'trivium.idea': idea.id }, tookMs: 600_000 })
      const child = (name: string, params: Record<string, string | number>, auc: number) =>
        makeRun(experiment, { name, params, metrics: { auc }, tags: { 'mlflow.parentRunId': frame }, tookMs: 60_000 })
      await child('a1', { depth: 1, kind: 'tree', loss: 'l1' }, 0.5)
      await child('a2', { depth: 2, kind: 'tree', loss: 'l1' }, 0.6)
      await child('b1', { depth: 1, kind: 'linear', loss: 'l2' }, 0.55)
      await child('b2', { depth: 2, kind: 'linear', loss: 'l2' }, 0.7)
      const best = await child('c', { depth: 4, kind: 'linear', loss: 'l2' }, 0.8)
      await makeRun(experiment, {
        name: 'bad',
        params: { depth: 4, kind: 'svm', loss: 'l2' },
        status: 'FAILED',
        tookMs: 10_000,
      })
      const going = await makeRun(experiment, {
        name: 'going',
        params: { depth: 2, kind: 'svm', loss: 'l1' },
        status: 'RUNNING',
      })
      await addIdea(experiment, { title: 'Weather' })
      const answer = await me.call('GET', at(`/frontier?experiment=${experiment}`))
      expect(answer.status).toBe(200)
      const found: Frontier = answer.json
      expect(found).toMatchObject({ metric: 'auc', direction: 'higher-is-better', looked: 8 })
      expect(found.tried).toEqual({ runs: 8, configurations: 7, running: 1, failed: 1 })
      expect(found.running).toMatchObject([{ id: going }])
      expect(found.spent).toMatchObject({ totalMs: 310_000, failedMs: 10_000, sinceBestMs: 10_000 })
      expect(found.spent.records.map((one) => [one.run.name, one.value, one.n, one.low])).toEqual([
        ['a1', 0.5, 1, null],
        ['a2', 0.6, 1, null],
        ['b2', 0.7, 1, null],
        ['c', 0.8, 1, null],
      ])
      expect(found.runs.find((run) => run.id === best)).toMatchObject({
        record: true,
        parentWhy: 'the closest before it: depth differs',
      })
      expect(
        found.space.find((one) => one.key === 'depth')?.values.map((one) => [one.label, one.runs, one.best]),
      ).toEqual([
        ['1', 2, 0.55],
        ['2', 3, 0.7],
        ['4', 2, 0.8],
      ])
      expect(found.sweeps).toMatchObject([
        { id: frame, children: 5, idea: idea.id, hypothesis: 'before', expected: 'More depth helps.' },
      ])
      await me.call('PATCH', at(`/runs/${best}`), { tags: { 'trivium.hypothesis': 'Eight is enough.' } })
      const noted = (await me.call('GET', at(`/frontier?experiment=${experiment}`))).json.sweeps
      expect(noted).toContainEqual(
        expect.objectContaining({ id: best, children: 0, hypothesis: 'noted', expected: 'Eight is enough.' }),
      )
      expect(found.suggestions.map((one) => one.kind)).toEqual(['idea', 'repeat', 'edge'])
      expect(found.suggestions[1]?.text).toBe('Repeat c with other seeds.')
      expect(found.suggestions[2]?.text).toBe('Try depth above 4, such as 6.')
      expect(found.suggestions[2]?.why).toContain('of the 3 values that were tried, 1 to 4')
      // The problem of a model is that of the experiments which its versions came from.
      await me.call(
        'PUT',
        `/api/2.0/mlflow-artifacts/artifacts/${experiment}/${best}/artifacts/model/m.onnx`,
        new Uint8Array([1]),
        { 'content-type': 'application/octet-stream' },
      )
      expect((await me.call('POST', at('/models/rain/versions'), { run: best, path: 'model' })).status).toBe(201)
      const { problem, looked } = (await me.call('GET', at('/frontier?model=rain'))).json
      expect([problem, looked]).toEqual([
        { kind: 'model', name: 'rain', experiments: [{ id: experiment, name: 'frontier' }] },
        8,
      ])
      expect((await me.call('GET', at('/frontier'))).status).toBe(400)
      const stranger = await world.as('admin', await world.makeProject())
      const there = `/api/v1/projects/${stranger.scope.project}`
      for (const path of [
        `/frontier?experiment=${experiment}`,
        `/experiments/${experiment}/ideas`,
        `/experiments/${experiment}/drafts`,
        `/experiments/${experiment}/explanation?metric=auc`,
        `/runs/${best}/drafts`,
        `/ideas/${idea.id}`,
        `/ideas/${idea.id}/runs`,
      ]) {
        const method = path.endsWith('/runs') ? 'POST' : path.startsWith('/ideas/') ? 'PATCH' : 'GET'
        const body = method === 'POST' ? { runs: [best] } : method === 'PATCH' ? { title: 'theirs' } : undefined
        expect([path, (await stranger.call(method, there + path, body)).status]).toEqual([path, 404])
      }
      const words = { hypothesis: '', source: '', state: 'open' as const, outcome: null, reason: '', created_at: 1 }
      const others = { hypothesis_at: null, decided_at: null, decided_by: null, decided_by_name: null }
      const rows = Array.from({ length: 498 }, (_, n) => ({
        ...words,
        ...others,
        project_id: project,
        id: `ide_full${n}`,
        experiment_id: experiment,
        title: `idea ${n}`,
        created_by: me.principal.id,
        created_by_name: me.principal.name,
      }))
      await world.kernel.db.write.transaction().execute((trx) => trx.insertInto('idea').values(rows).execute())
      const full = await me.call('POST', at(`/experiments/${experiment}/ideas`), { title: 'one more' })
      expect([full.status, full.json.code]).toEqual([409, 'EXPLORATION.TOO_MANY_IDEAS'])
      expect((await me.call('GET', at('/frontier?model=none'))).status).toBe(404)
    })

    test('velocity counts evaluated ideas by week and person, with the time from idea to model, also at /metrics', async () => {
      const other = await world.makeProject()
      const ann = await world.as('maintainer', other)
      const { tracking } = world.capabilities
      const base = `/api/v1/projects/${other}`
      const experiment = (await ann.call('POST', `${base}/experiments`, { name: 'e' })).json.id
      for (const hours of [2, 4, 30]) {
        const { id } = (await ann.call('POST', `${base}/experiments/${experiment}/ideas`, { title: `in ${hours} h` }))
          .json
        const tags = [{ key: 'trivium.idea', value: id }]
        const run = await tracking.createRun(ann.scope, { experiment, user: 'ann', startTime: world.time.now, tags })
        await tracking.updateRun(ann.scope, run.id, { status: 'FINISHED', endTime: world.time.now + hours * 3_600_000 })
      }
      await ann.call('POST', `${base}/experiments/${experiment}/ideas`, { title: 'never tried' })
      world.time.now += 2 * 86_400_000
      const velocity: Velocity = (await ann.call('GET', `${base}/velocity?weeks=2`)).json
      world.time.now -= 2 * 86_400_000
      expect(
        velocity.weeks.map((week) => [new Date(week.start).getUTCDay(), week.added, week.evaluated, week.runs]),
      ).toEqual([
        [1, 0, 0, 0],
        [1, 4, 3, 3],
      ])
      expect(velocity.ideaToModel).toEqual({ n: 3, medianMs: 4 * 3_600_000, lowMs: null, highMs: null })
      expect(velocity.people).toMatchObject([
        { id: ann.principal.id, name: ann.principal.name, added: 4, evaluated: 3 },
      ])
      const { text } = await ann.call('GET', '/metrics')
      expect(text).toContain(`trivium_ideas{project="${other}",state="open"} 4`)
      expect(text).toContain(`trivium_ideas_evaluated_total{project="${other}",person="${ann.principal.id}"} 3`)
      expect(text).toContain(`trivium_idea_to_model_seconds{project="${other}"} 14400`)
      // Nobody sees figures of a project that is not his.
      expect((await (await world.as('maintainer', project)).call('GET', '/metrics')).text).not.toContain(
        `project="${other}"`,
      )
    })
  })

  test('a removed run takes its note along', async () => {
    const experiment = await makeExperiment('removed')
    const run = await makeRun(experiment, { name: 'gone', params: { a: 1 }, metrics: { auc: 1 } })
    const [draft] = await draftsOf(run)
    await me.call('PUT', at(`/runs/${run}/drafts/run`), { digest: draft?.digest })
    const admin = await world.as('admin', project)
    await admin.call('DELETE', at(`/runs/${run}`))
    expect((await admin.call('POST', at('/trash/remove'), { runs: [run] })).status).toBeLessThan(300)
    await world.settled(project)
    const left = await world.kernel.db.read
      .selectFrom('run_note')
      .select('run_id')
      .where('project_id', '=', project)
      .execute()
    expect(left.map((row) => row.run_id)).not.toContain(run)
  })
})

test('two explanations are worked out at once; a third is told when to come again, and finds room once they are done', async () => {
  const facts = Buffer.from(JSON.stringify({ metric: 'auc', direction: null, truncated: false, facts: [] }))
  const running = [runExplain(facts), runExplain(facts)]
  const third = await runExplain(facts).catch((error: unknown) => error)
  expect(third).toMatchObject({ status: 429, code: 'EXPLORATION.BUSY', details: { retryAfter: 3 } })
  for (const bytes of await Promise.allSettled(running)) {
    expect(bytes).toMatchObject({ status: 'fulfilled' })
    if (bytes.status === 'fulfilled') expect(JSON.parse(Buffer.from(bytes.value).toString())).toMatchObject({ runs: 0 })
  }
  await expect(runExplain(facts)).resolves.toBeInstanceOf(Uint8Array)
})

test('the line that names an error is the last of them, else the last that says anything', () => {
  expect(errorLine(['ValueError: a', 'During handling', 'KeyError: b', 'bye', ''])).toBe('KeyError: b')
  expect(errorLine(['torch.cuda.OutOfMemoryError: CUDA', 'done'])).toBe('torch.cuda.OutOfMemoryError: CUDA')
  expect(errorLine(['ok', 'the worker was killed', 'bye'])).toBe('the worker was killed')
  expect(errorLine(['ok', ' bye ', ''])).toBe('bye')
  expect(errorLine([])).toBeUndefined()
})

test('the interval of a median holds it in 95 of 100 samples: ranks of the binomial, none below six', () => {
  const to = (n: number) => Array.from({ length: n }, (_, at) => at + 1)
  expect(medianTimes(to(5))).toEqual({ n: 5, medianMs: 3, lowMs: null, highMs: null })
  expect(medianTimes(to(6))).toMatchObject({ medianMs: 3.5, lowMs: 1, highMs: 6 })
  // Ranks 6 and 15 of 20, 40 and 61 of 100, as tables of order statistics have them.
  expect(medianTimes(to(20))).toMatchObject({ lowMs: 6, highMs: 15 })
  expect(medianTimes(to(100))).toMatchObject({ lowMs: 40, highMs: 61 })
  expect(medianTimes([])).toMatchObject({ n: 0, medianMs: null })
})

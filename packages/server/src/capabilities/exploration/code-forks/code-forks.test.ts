import { type CodeForks, mergeCommand } from '@trivium/contract'
import { type Client, describeEachDatabase } from '@trivium/testing'
import { beforeAll, expect, test } from 'vitest'

const [base, early, fork, newer] = ['a', 'b', 'c', 'd'].map((digit) => digit.repeat(40)) as [
  string,
  string,
  string,
  string,
]
const line = (name: string, commits: string[], more: object = {}) => ({
  name,
  tip: commits[0],
  isBase: false,
  commits,
  mergeBase: { commit: early, at: 1000 },
  ahead: 2,
  behind: 1,
  firstAt: 1000,
  lastAt: 2000,
  added: 4,
  removed: 2,
  files: [{ path: 'train.py', added: 4, removed: 2, inBase: true }],
  touched: 1,
  conflicts: [{ path: 'train.py', preview: '<<<<<<<' }],
  patch: 'diff --git a/train.py b/train.py\n',
  patchWhole: true,
  ...more,
})

describeEachDatabase('forks of code', ({ world }) => {
  let me: Client
  let path = ''
  let experiment = ''
  beforeAll(async () => {
    const project = await world.makeProject()
    me = await world.as('contributor', project)
    experiment = (await me.call('POST', `/api/v1/projects/${project}/experiments`, { name: 'late' })).json.id
    path = `/api/v1/projects/${project}/experiments/${experiment}/code-forks`
    const { tracking } = world.capabilities
    for (const [at, [commit, auc, more]] of (
      [
        [base, 0.7, {}],
        [early, 0.6, {}],
        [fork, 0.74, { 'mlflow.source.git.branch': 'deeper', 'mlflow.source.git.dirty': 'true' }],
        [fork, 0.72, { 'mlflow.source.git.branch': 'deep', 'mlflow.source.git.dirty': 'True' }],
        [newer, 0.9, {}],
        [undefined, 0.99, {}],
      ] as const
    ).entries()) {
      const tags = Object.entries({ ...more, ...(commit ? { 'mlflow.source.git.commit': commit } : {}) })
      const { id } = await tracking.createRun(me.scope, {
        experiment,
        user: 'ann',
        name: `run-${at}`,
        startTime: 1000 + at,
        tags: tags.map(([key, value]) => ({ key, value })),
      })
      const metrics = [{ key: 'auc', value: auc, step: 0, timestamp: 1 }]
      await tracking.logBatch(me.scope, id, { params: [], tags: [], metrics })
      await tracking.updateRun(me.scope, id, { status: 'FINISHED', endTime: 5000 })
    }
  })
  const read = async (query = ''): Promise<CodeForks> => (await me.call('GET', `${path}${query}`)).json
  const record = (lines: unknown[], missing: string[] = []) => me.call('PUT', path, { lines, missing })

  test('before anybody measured, the commits that trained stand alone, with what came of each', async () => {
    const found = await read()
    expect(found).toMatchObject({
      metric: 'auc',
      direction: 'higher-is-better',
      recordedAt: null,
      lines: [],
      withoutCommit: 1,
    })
    expect(found.unmeasured.map(({ commit }) => commit)).toEqual([newer, fork, early, base])
    expect(found.commits[1]).toMatchObject({
      commit: fork,
      branch: 'deep',
      runs: 2,
      dirty: 1,
      best: { name: 'run-2', value: 0.74, of: 2 },
    })
  })

  test('what was measured is joined with the runs of each line as they are now; later commits are named', async () => {
    const trunk = line('main', [base, early], { isBase: true, conflicts: [], mergeBase: null })
    expect((await record([trunk, line('deeper', [fork])])).status).toBe(204)
    const found = await read()
    expect(found.lines).toMatchObject([
      { name: 'main', runs: 2, best: { value: 0.7, of: 2 }, firstRunAt: 1000, lastRunAt: 1001 },
      { name: 'deeper', runs: 2, best: { value: 0.74, of: 2 }, conflicts: [{ path: 'train.py' }] },
    ])
    expect(found.unmeasured.map(({ commit }) => commit)).toEqual([newer])
    expect((await read('?metric=auc&direction=lower-is-better')).lines[1]?.best?.value).toBe(0.72)
    expect((await record([trunk])).status).toBe(204)
    expect((await read()).lines).toHaveLength(1)
  })

  test('the command that merges names no branch that a shell could read otherwise', async () => {
    expect(mergeCommand({ name: 'origin/main', tip: base }, { tip: fork })).toBe(
      'git switch main && git merge cccccccccccc',
    )
    for (const name of ['main;rm', '$(rm)', '-f', 'a b'])
      expect(mergeCommand({ name, tip: base }, { tip: fork })).toBe(
        `git switch --detach ${base} && git merge cccccccccccc`,
      )
    expect((await record([line('main\nrm', [base], { isBase: true })])).status).toBe(400)
  })

  test('a record without one base, with a commit on two lines, or from who only reads is refused', async () => {
    expect((await record([line('deeper', [fork])])).json.detail).toContain('One line is the base')
    const twice = await record([line('main', [base], { isBase: true }), line('deeper', [base])])
    expect(twice.json.detail).toContain('stands on two lines')
    expect((await record([line('main', ['--all'], { isBase: true, tip: base })])).status).toBe(400)
    const reader = await world.as('viewer', me.scope.project)
    expect((await reader.call('PUT', path, { lines: [], missing: [] })).status).toBe(403)
  })
})

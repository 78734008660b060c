import { describeEachDatabase } from '@trivium/testing'
import { beforeAll, expect, test } from 'vitest'
import { createRunQueries } from './query-runs.ts'

describeEachDatabase('SQL over runs', ({ world }) => {
  let project: string
  let moved: string
  let kept: string
  let call: Awaited<ReturnType<typeof world.as>>['call']

  const ask = async (sql: string, more: object = {}) =>
    call('POST', `/api/v1/projects/${project}/runs/query`, { sql, ...more })
  const rowsOf = async (sql: string, more?: object) => {
    const { status, json, text } = await ask(sql, more)
    if (status !== 200) throw new Error(text)
    return json.rows as unknown[][]
  }

  beforeAll(async () => {
    const { tracking, metricArchive } = world.capabilities
    const fill = async (inside: string, name: string, from: number): Promise<string> => {
      const { scope } = await world.as('maintainer', inside)
      const input = { experiment: '0', name, user: 'ada', startTime: 1000, tags: [] }
      const { id } = await tracking.createRun(scope, input)
      const metrics = Array.from({ length: 900 }, (_, step) => ({
        key: step % 3 === 0 ? 'loss' : 'auc',
        step,
        timestamp: step,
        value: step === 5 ? Number.NaN : from + step,
      }))
      await tracking.logBatch(scope, id, { metrics, params: [{ key: 'kind', value: name }], tags: [] })
      await tracking.updateRun(scope, id, { status: 'FINISHED', endTime: 5000 })
      return id
    }
    project = await world.makeProject()
    const client = await world.as('maintainer', project)
    call = client.call
    moved = await fill(project, 'moved', 0)
    kept = await fill(project, 'kept', 10_000)
    await fill(await world.makeProject(), 'of others', 50_000)
    const gone = await fill(project, 'in the trash', 90_000)
    await tracking.setRunLifecycle(client.scope, gone, 'deleted')
    await metricArchive.archive(client.scope, moved)
    // Late ones, beside those in the file.
    await tracking.logBatch(client.scope, moved, {
      metrics: [
        { key: 'loss', step: 0, timestamp: 0, value: 0 },
        { key: 'loss', step: 5000, timestamp: 1, value: -7 },
      ],
      params: [],
      tags: [],
    })
  }, 60_000)

  test('reads points in the database and in files together with runs, parameters and summaries, of this project alone', async () => {
    const query = `
      select r.name, p.value as kind, count(*), count(m.value), min(m.value), max(m.value), any_value(s.count), any_value(r.experiment)
      from points m join runs r using (run_id) join params p using (run_id) join metrics s on s.run_id = m.run_id and s.key = m.key
      where m.key = 'loss' group by all order by 1`
    expect(await rowsOf(query)).toEqual([
      ['kept', 'kept', 300, 300, 10_000, 10_897, 300, 'Default'],
      ['moved', 'moved', 301, 301, -7, 897, 301, 'Default'],
    ])
    expect(await rowsOf('select name from runs order by 1')).toEqual([['kept'], ['moved']])
    expect(await rowsOf('select count(*), count(value), count(distinct run_id) from points')).toEqual([[1801, 1799, 2]])
  })

  test('runs, experiments and keys narrow what is read', async () => {
    expect(await rowsOf('select distinct run_id, key from points', { runs: [kept], keys: ['auc'] })).toEqual([
      [kept, 'auc'],
    ])
    expect(await rowsOf('select count(*) from runs', { experiments: ['77'] })).toEqual([[0]])
    expect(await rowsOf('select count(*) from tags t', { runs: [moved] })).not.toEqual([[0]])
  })

  test('reads nothing else: no file, no setting, no table of the server, and changes nothing', async () => {
    for (const sql of [
      "select * from read_csv('/etc/hosts')",
      "select * from '/etc/hosts'",
      "select * from read_text('/etc/hosts')",
      'select * from duckdb_settings()',
      "select getenv('PATH') from runs",
      'select * from run_metric_point',
      "copy runs to '/tmp/stolen.csv'",
      'select 1; select 2',
    ])
      expect({ sql, refused: [400, 403].includes((await ask(sql)).status) }).toEqual({ sql, refused: true })
    expect(await ask('select nothing from runs')).toMatchObject({ status: 400 })
  })

  test('what would read or answer too much says so, and more at once than there is room for is told to come again', async () => {
    expect(await ask('select * from range(20000)')).toMatchObject({
      status: 422,
      json: { code: 'TABLES.TOO_MANY_ROWS' },
    })
    const small = createRunQueries(world.kernel, { most: { points: 900, files: 1, rows: 1 } })
    await expect(small.run({ project }, 'select * from points')).rejects.toMatchObject({ code: 'RUN_QUERY.TOO_MUCH' })
    await expect(small.run({ project }, 'select * from params')).rejects.toMatchObject({ code: 'RUN_QUERY.TOO_MUCH' })
    const answers = await Promise.all(Array.from({ length: 3 }, () => ask('select count(*) from params')))
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 200, 429])
    expect(answers.find(({ status }) => status === 429)?.headers).toMatchObject({ 'retry-after': '2' })
  })

  test('a run that has not ended is not moved', async () => {
    const { tracking } = world.capabilities
    const { scope } = await world.as('maintainer', project)
    const input = { experiment: '0', name: 'going on', user: '', startTime: 1, tags: [] }
    const { id } = await tracking.createRun(scope, input)
    const move = () => call('POST', `/api/v1/projects/${project}/runs/${id}/metrics/move`)
    expect(await move()).toMatchObject({ status: 409, json: { code: 'TRACKING.RUN_NOT_ENDED' } })
    await tracking.updateRun(scope, id, { status: 'FINISHED', endTime: 1 })
    expect(await move()).toMatchObject({ status: 200, json: { points: 0 } })
  })
})

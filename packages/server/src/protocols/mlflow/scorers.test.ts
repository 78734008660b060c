import { describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'

const api = '/api/3.0/mlflow'
const judge = (of: object = {}): string =>
  JSON.stringify({ instructions_judge_pydantic_data: { model: 'openai:/gpt', instructions: 'Is it true?' }, ...of })

describeEachDatabase('scorers', ({ world, once }) => {
  const setup = async () => {
    const project = await world.makeProject()
    const client = await world.as('contributor', project)
    const register = (serialized_scorer: string, name = 'true') =>
      client.call('POST', `${api}/scorers/register`, { experiment_id: '0', name, serialized_scorer })
    return { project, client, register }
  }

  once('one with code in it, however deep, is refused, and so is what no program would read', async () => {
    const { client, register } = await setup()
    const nested = (depth: number): string => `{"a":${'['.repeat(depth)}1${']'.repeat(depth)}}`
    const code = 'def f(): __import__("os").system("id")'
    for (const [text, why] of [
      [judge({ call_source: code }), 'runs its code'],
      [judge({ builtin_scorer_pydantic_data: { parts: [{ deep: [{ call_source: code }] }] } }), 'runs its code'],
      [nested(200), 'nested too deeply'],
      ['{"name": tru', 'must be valid JSON'],
      [judge({ instructions: 'x'.repeat(1_000_000) }), 'maximum length'],
    ] as const) {
      const { status, json } = await register(text)
      expect([status, json.message]).toEqual([400, expect.stringContaining(why)])
    }
    expect((await client.call('GET', `${api}/scorers/list?experiment_id=0`)).json).toEqual({})
  })

  test('a project keeps so much of them and no more, others read none of them, and a viewer writes none', async () => {
    const { project, client, register } = await setup()
    const { scorer_id } = (await register(judge())).json
    const other = await world.as('contributor', await world.makeProject())
    const viewer = await world.as('viewer', project)
    const list = `${api}/scorers/list?experiment_id=0`
    expect((await viewer.call('GET', list)).json.scorers).toHaveLength(1)
    expect((await other.call('GET', list)).json).toEqual({})
    const named = { experiment_id: '0', name: 'true' }
    expect((await other.call('DELETE', `${api}/scorers/delete`, named)).status).toBe(404)
    expect((await other.call('GET', `${api}/scorers/online-configs?scorer_ids=${scorer_id}`)).json.configs).toEqual([])
    const write = { ...named, serialized_scorer: judge() }
    expect((await viewer.call('POST', `${api}/scorers/register`, write)).status).toBe(403)
    expect((await viewer.call('DELETE', `${api}/scorers/delete`, named)).status).toBe(403)
    const row = { project_id: project, scorer_id, version: 2, content: 'x'.repeat(16 * 1024 * 1024 - 500) }
    await world.kernel.db.write.transaction().execute((trx) =>
      trx
        .insertInto('scorer_version')
        .values({ ...row, created_at: 1, created_by: 'prn_1' })
        .execute(),
    )
    const { status, json } = await register(judge({ description: 'x'.repeat(1000) }))
    expect([status, json.message]).toEqual([400, expect.stringContaining('at most 10000 versions and 16 MiB')])
    expect((await client.call('GET', `${api}/scorers/get?experiment_id=0&name=true&version=1`)).status).toBe(200)
  })

  once('numbers over traces are asked for so much and no more, and no filter takes long to read', async () => {
    const { client } = await setup()
    const ask = (filters: readonly string[], more: object = {}) =>
      client.call('POST', `${api}/traces/metrics`, {
        experiment_ids: ['0'],
        view_type: 'TRACES',
        metric_name: 'trace_count',
        aggregations: [{ aggregation_type: 'COUNT' }],
        filters,
        ...more,
      })
    const many = await ask(Array.from({ length: 51 }, () => "trace.status = 'OK'"))
    expect([many.status, many.json.message]).toEqual([400, 'At most 50 filters can be asked at once.'])
    const times = { time_interval_seconds: 1, start_time_ms: 0, end_time_ms: 200_000_000 }
    for (const [more, why] of [
      [{ experiment_ids: Array.from({ length: 1001 }, String) }, 'At most 1000 experiments'],
      [{ aggregations: Array.from({ length: 51 }, () => ({ aggregation_type: 'COUNT' })) }, 'At most 50 aggregations'],
      [times, 'at most 100000 parts'],
    ] as const) {
      const { status, json } = await ask([], more)
      expect([status, json.message]).toEqual([400, expect.stringContaining(why)])
    }
    const begin = process.cpuUsage()
    expect((await ask([`trace.status = y${' '.repeat(60_000)}x`])).status).toBe(400)
    expect(process.cpuUsage(begin).user).toBeLessThan(2_000_000)
  })
})

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'

describeEachDatabase('tables of runs side by side', ({ world, once }) => {
  const setup = async () => {
    const project = await world.makeProject()
    const client = await world.as('contributor', project)
    const at = `/api/v1/projects/${project}`
    const run = async (files: Record<string, string | Uint8Array>): Promise<string> => {
      const { json } = await client.call('POST', `${at}/runs`, { experiment: 'tables', name: 'r' })
      for (const [path, content] of Object.entries(files))
        await world.capabilities.tracking.putArtifact(
          client.scope,
          { kind: 'run', id: json.id },
          path,
          Buffer.from(content),
        )
      return json.id
    }
    const compare = (runs: string[], path: string, more: Record<string, unknown> = {}) =>
      client.call(
        'GET',
        `${at}/run-tables?${new URLSearchParams({ runs: runs.join(','), path, ...more } as Record<string, string>).toString()}`,
      )
    return { project, client, run, compare }
  }
  const split = (columns: string[], data: unknown[][]) => JSON.stringify({ columns, data })

  test('rows of a logged table stand beside the baseline’s, and every value that differs is marked', async () => {
    const { run, compare } = await setup()
    const base = await run({
      'eval.json': split(
        ['q', 'score', 'c'],
        [
          ['a', 0.5, null],
          ['b', 1, null],
          ['c', 2, null],
        ],
      ),
    })
    const other = await run({
      'eval.json': split(
        ['q', 'score', 'new'],
        [
          ['a', 0.5, 'x'],
          ['B', 1.5, 'x'],
        ],
      ),
    })
    const { status, json } = await compare([base, other], 'eval.json')
    expect([status, json.baseline, json.rows, json.differing]).toEqual([200, 0, 3, 2])
    expect(json.columns).toMatchObject([
      { name: 'q', type: 'string', in: [true, true], differs: 1 },
      { name: 'score', type: 'number', in: [true, true], differs: 1 },
      { name: 'c', in: [true, false], differs: 0 },
      { name: 'new', in: [false, true], differs: 0 },
    ])
    expect(json.page.map((row: { key: string }) => row.key)).toEqual(['1', '2', '3'])
    expect(json.page[1]).toEqual({
      key: '2',
      cells: [
        ['b', '1.0', null, null],
        ['B', '1.5', null, 'x'],
      ],
      differs: [[], [0, 1]],
    })
    expect(json.page[2].cells[1]).toBeNull()
    const only = await compare([base, other], 'eval.json', { differing: true })
    expect(only.json.page.map((row: { key: string }) => row.key)).toEqual(['2', '3'])
  })

  once('a key column brings together rows that moved, and pages go on by place', async () => {
    const { run, compare } = await setup()
    const base = await run({ 't/x.csv': 'id,v\na,1\nb,2\nb,3\n' })
    const other = await run({ 't/x.csv': 'v,id\n3,c\n2,b\n1,a\n' })
    const { json } = await compare([base, other], 't/x.csv', { key: 'id', limit: 3 })
    expect([json.rows, json.differing]).toEqual([4, 2])
    expect(json.page.map((row: { key: string }) => row.key)).toEqual(['a', 'b', 'b'])
    expect(json.page[2].cells).toEqual([['b', '3'], null])
    const next = await compare([base, other], 't/x.csv', { key: 'id', limit: 3, page_token: json.nextPageToken })
    expect(next.json.page.map((row: { key: string }) => row.key)).toEqual(['c'])
    expect(next.json.nextPageToken).toBeNull()
    expect((await compare([base, other], 't/x.csv', { key: 'nope' })).status).toBe(400)
  })

  once('Parquet and CSV of other types are compared as numbers', async () => {
    const { run, compare } = await setup()
    const out = join(world.kernel.paths.tmp, 'side.parquet')
    await world.kernel.tables.write({
      sql: `select * from (values (1, 'a', [1, 2]), (2, '<script>alert(1)</script>', null)) as t(n, s, l)`,
      relations: {},
      trusted: true,
      output: { path: out, format: 'parquet' },
    })
    const parquet = await readFile(out)
    const [base, other] = [await run({ 'a.parquet': parquet }), await run({ 'a.parquet': parquet })]
    const { json } = await compare([base, other], 'a.parquet')
    expect([json.rows, json.differing]).toEqual([2, 0])
    expect(json.page[1].cells[0]).toEqual(['2', '<script>alert(1)</script>', null])
    const mixed = [await run({ 'b.csv': 'n\n1\n2\n' }), await run({ 'b.csv': 'n\n1.0\n2.5\n' })]
    expect((await compare(mixed, 'b.csv')).json).toMatchObject({ rows: 2, differing: 1, columns: [{ type: 'number' }] })
  })

  once('what is no table, too large, missing or broken is said of its run, and the others are compared', async () => {
    const { run, compare } = await setup()
    const good = await run({ 'e.json': split(['a'], [[1]]), 'p.parquet': 'PAR1 not at all', 'm.txt': 'x' })
    const bad = await run({ 'e.json': '{"columns": 1', 'p.parquet': 'PAR1' })
    const nothing = await run({ 'e.json': split(['a'], [7] as never) })
    const none = await run({})
    const { json } = await compare([bad, good, nothing, none], 'e.json')
    expect(json.tables.map((one: { problem: string | null }) => one.problem)).toEqual([
      'is no JSON',
      null,
      'is no table: its data are not rows',
      'logged no file of this path',
    ])
    expect([json.baseline, json.rows, json.page[0].cells]).toEqual([1, 1, [null, ['1'], null, null]])
    const broken = await compare([good, bad], 'p.parquet')
    expect([broken.status, broken.json.baseline]).toEqual([200, null])
    expect(broken.json.tables[0].problem).toMatch(/not a readable Parquet/)
    expect((await compare([good, bad], 'm.txt')).json.tables[0].problem).toMatch(/neither CSV/)
    expect((await compare([good], '../e.json')).status).toBe(400)
    expect((await compare(['f'.repeat(32)], 'e.json')).status).toBe(404)
    const large = await run({ 'e.json': Buffer.alloc(16 * 1024 * 1024 + 1, 32) })
    expect((await compare([good, large], 'e.json')).json.tables[1].problem).toMatch(/larger than 16 MB/)
  })
})

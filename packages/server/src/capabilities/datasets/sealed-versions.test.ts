import { createHash } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describeEachDatabase } from '@trivium/testing'
import { beforeAll, expect, test } from 'vitest'
import { isSealed } from '../../kernel/subjects/index.ts'
import { searchEverywhere } from '../../kernel/subjects/search-everywhere.fixture.ts'

const head = 'customer,email,income,born,visits'
const ada = 'ada,ada-zebrafish@x,4711,1980-01-02 03:04:05,3'
const bob = 'bob,bob-platypus@x,1234.5,1990-01-02 00:00:00,4'
const odd = 'eve,"eve-\u2028line, ""quoted"" 😀",,,5'

describeEachDatabase('sealed versions of datasets', ({ world }) => {
  let project: string
  const at = (path: string) => `/api/v1/projects/${project}/${path}`
  const trusted = () => world.as('maintainer', project)
  const reader = () => world.as('contributor', project)
  const add = async (rows: string[], { name = 'customers', mode = 'replace' } = {}) => {
    const content = `${[head, ...rows].join('\n')}\n`
    const answer = await (await trusted()).call(
      'POST',
      at(`datasets/${name}/versions?format=csv&mode=${mode}`),
      content,
      { 'content-type': 'text/csv' },
    )
    if (answer.status !== 200) throw new Error(answer.text)
    return answer.json
  }
  const rows = async (version: number, who = trusted, name = 'customers') =>
    (await (await who()).call('GET', at(`datasets/${name}/versions/${version}/rows`))).json.rows as unknown[][]
  const raw = async (version: number, name = 'customers') => {
    const data = await world.capabilities.datasets.relation((await trusted()).scope, name, version)
    return (await world.kernel.tables.query({ sql: 'select * from data', relations: { data }, trusted: true })).rows
  }
  const person = async (subject: string) => {
    const ref = await world.kernel.subjects.resolve(project, subject)
    return { project, subject, keyId: ref.id }
  }
  const erase = async (subject: string) => {
    const { subjects, db } = world.kernel
    const ref = await subjects.resolve(project, subject)
    const { id } = await db.write.transaction().execute((trx) => subjects.erase(trx, ref, 'prn_admin'))
    return world.capabilities.datasets.subjects.erase({ project, subject, keyId: id })
  }
  const records = async (subject: string) => {
    const found = []
    for await (const one of world.capabilities.datasets.subjects.export(await person(subject))) found.push(one)
    return found
  }

  beforeAll(async () => {
    project = await world.makeProject()
    const declared = await (await trusted()).call('PUT', at('datasets/customers'), {
      personal: ['email', 'income', 'born'],
      subjectColumn: 'customer',
      slices: ['email'],
      label: 'email',
    })
    if (declared.json.subjectColumn !== 'customer') throw new Error(declared.text)
    await add([ada, bob, odd])
    await add(['ada,second-zebrafish@x,4712.5,1980-01-02 03:04:05,6'], { mode: 'append' })
  })

  test('hold no plain value, while who may read it reads it as it was', async () => {
    for (const row of await raw(1)) {
      expect([row[1], row[2], row[3]].every((value) => value === null || isSealed(value))).toBe(true)
      expect(JSON.stringify(row)).not.toMatch(/zebrafish|platypus|4711|1234/)
    }
    const born = Date.UTC(1980, 0, 2, 3, 4, 5)
    expect(await rows(2)).toEqual([
      ['ada', 'ada-zebrafish@x', 4711, born, 3],
      ['bob', 'bob-platypus@x', 1234.5, Date.UTC(1990, 0, 2), 4],
      ['eve', 'eve-\u2028line, "quoted" 😀', null, null, 5],
      ['ada', 'second-zebrafish@x', 4712.5, born, 6],
    ])
    expect((await rows(2, reader)).map((row) => row.slice(1))).toEqual([
      ['redacted', 'redacted', 'redacted', 3],
      ['redacted', 'redacted', 'redacted', 4],
      ['redacted', null, null, 5],
      ['redacted', 'redacted', 'redacted', 6],
    ])
  })

  test('stay redacted for those without the permission when the declaration is gone', async () => {
    await add([ada], { name: 'undeclared' })
    expect((await rows(1, reader, 'undeclared'))[0]?.slice(1, 4)).toEqual(['redacted', 'redacted', 'redacted'])
    const declare = async (who: typeof reader, body: unknown) =>
      (await (await who()).call('PUT', at('datasets/customers'), body)).status
    // Whoever may not read what is personal does not stop the sealing either.
    expect(await declare(reader, { subjectColumn: null })).toBe(403)
    expect(await declare(reader, { subjectColumn: 'visits' })).toBe(403)
    expect(await declare(trusted, { personal: [] })).toBe(200)
    expect((await rows(1, reader))[0]?.slice(1, 4)).toEqual(['redacted', 'redacted', 'redacted'])
    expect(await declare(trusted, { personal: ['email', 'income', 'born'] })).toBe(200)
  })

  test('take no rows whose values had other types', async () => {
    await expect(add(['ada,other@x,4712,1980-01-02 03:04:05,6'], { mode: 'append' })).rejects.toThrow(
      'income is integer, not number',
    )
  })

  test('download as a file with the values and types that they had, or redacted', async () => {
    const file = async (who: typeof reader) => {
      const scope = (await who()).scope
      const stream = await world.capabilities.datasets.download(scope, 'customers', 2)
      const chunks: Buffer[] = []
      for await (const chunk of stream) chunks.push(chunk as Buffer)
      const path = join(world.kernel.paths.tmp, 'test.parquet')
      writeFileSync(path, Buffer.concat(chunks))
      const found = await world.kernel.tables.query({
        sql: 'select * from data',
        relations: { data: { format: 'parquet', files: [path] } },
        trusted: true,
      })
      rmSync(path)
      return found
    }
    const whole = await file(trusted)
    expect(whole.rows).toEqual(await rows(2))
    expect(whole.columns.map(({ type }) => type)).toEqual(['string', 'string', 'number', 'timestamp', 'integer'])
    expect((await file(reader)).rows).toEqual(await rows(2, reader))
  })

  test('have the digest of their rows: the same rows again are no new version', async () => {
    const first = await add([ada, bob], { name: 'twice' })
    const again = await add([ada, bob], { name: 'twice' })
    expect([first.unchanged, again.unchanged, again.version.digest]).toEqual([false, true, first.version.digest])
    expect((await add([bob, ada], { name: 'twice' })).unchanged).toBe(false)
    expect(first.version.sealed).toEqual(['email', 'income', 'born'])
    expect(first.version.redacted).toBeNull()
    // Equal values of one person are equal texts in every dataset, so that joins hold.
    expect((await raw(1, 'twice'))[0]?.[1]).toBe((await raw(1))[0]?.[1])
  })

  test('are refused when the file has another digest than was announced', async () => {
    const { datasets } = world.capabilities
    const path = join(world.kernel.paths.tmp, 'announced.parquet')
    const { rows: written } = await world.kernel.tables.write({
      sql: `select 'ada' as customer, 'a@x' as email`,
      relations: {},
      trusted: true,
      output: { path, format: 'parquet' },
    })
    expect(written).toBe(1)
    const digest = createHash('sha256').update(readFileSync(path)).digest('hex')
    const input = { name: 'announced', content: { path }, format: 'parquet', mode: 'replace' } as const
    const { scope } = await trusted()
    await expect(datasets.add(scope, { ...input, digest: 'a'.repeat(64) })).rejects.toThrow('was announced')
    expect((await datasets.add(scope, { ...input, digest })).unchanged).toBe(false)
  })

  test('show what they hold of a person, and after his erasure `redacted`, for everybody, with the digest that they had', async () => {
    const { subjects: data } = world.capabilities.datasets
    const customers = async () => (await data.find(await person('ada'))).find(({ where }) => where === 'customers')
    const { scope } = await trusted()
    const before = (await world.capabilities.datasets.resolve(scope, 'customers@2')).digest
    expect(await customers()).toEqual({
      kind: 'dataset-rows',
      where: 'customers',
      count: 2,
      urns: [`trivium://${project}/dataset/customers@1`, `trivium://${project}/dataset/customers@2`],
    })
    const exported = (await records('ada')).filter(({ where }) => where === 'customers')
    expect(exported.map(({ record }) => [record['email'], record['income']])).toEqual([
      ['ada-zebrafish@x', 4711],
      ['second-zebrafish@x', 4712.5],
    ])

    await erase('ada')
    await erase('ada')
    expect((await rows(2))[0]).toEqual(['ada', 'redacted', 'redacted', 'redacted', 3])
    expect((await rows(2))[1]?.[1]).toBe('bob-platypus@x')
    const shown = await world.capabilities.datasets.resolve(scope, 'customers@2')
    expect([shown.digest, shown.redacted]).toEqual([before, { people: 1, rows: 2 }])
    expect((await world.capabilities.datasets.resolve(scope, 'customers@1')).redacted).toEqual({ people: 1, rows: 1 })
    expect((await records('ada'))[0]?.record['email']).toBe('redacted')
    expect((await customers())?.count).toBe(2)
    expect((await records('bob'))[0]?.record['email']).toBe('bob-platypus@x')
    await world.settled(project)
  })

  test('store a late row of an erased person as erased, also of a file opened for a step', async () => {
    const { version } = await add(['ada,late-zebrafish@x,4711.5,1980-01-02 03:04:05,3'], { mode: 'append' })
    expect((await raw(version.version)).at(-1)?.[1]).toBe(`\u0001${(await person('ada')).keyId}:email:`)
    expect(version.redacted).toEqual({ people: 1, rows: 3 })
    const { datasets } = world.capabilities
    const look = async (who: typeof reader) => {
      const { relation: data, release } = await datasets.opened((await who()).scope, 'customers', version.version)
      const found = await world.kernel.tables.query({
        sql: 'select email, income from data order by customer, visits',
        relations: { data },
        trusted: true,
      })
      await release()
      return found.rows
    }
    expect((await look(trusted)).slice(2, 4)).toEqual([
      ['redacted', null],
      ['bob-platypus@x', 1234.5],
    ])
    expect((await look(reader)).every((row) => isSealed(row[0]))).toBe(true)
    expect(await searchEverywhere(world, 'zebrafish')).toEqual([])
  })

  test('from before anything said whose the rows are say that they are plain', async () => {
    project = await world.makeProject()
    await add([ada, bob])
    await (await trusted()).call('PUT', at('datasets/customers'), { personal: ['email'], subjectColumn: 'customer' })
    const [found] = await world.capabilities.datasets.subjects.find(await person('ada'))
    expect(found).toMatchObject({ count: 1, plain: 1 })
    await add([ada, bob], { mode: 'replace' })
    const [both] = await world.capabilities.datasets.subjects.find(await person('ada'))
    expect(both).toMatchObject({ count: 2, plain: 1 })
  })

  test('the column that names people may be personal itself: joined by as before, and gone with them', async () => {
    project = await world.makeProject()
    const declared = { personal: ['customer', 'email'], subjectColumn: 'customer' }
    await (await trusted()).call('PUT', at('datasets/customers'), declared)
    const of = (visits: number) => `pupfish-77,pupfish@x,1.5,1990-01-02 00:00:00,${visits}`
    const { version } = await add([of(1), bob, of(2)])
    expect(version.sealed).toEqual(['customer', 'email'])
    const names = (await raw(1)).map(([name]) => name)
    expect([names.every(isSealed), names[0] === names[2], names[0] === names[1]]).toEqual([true, true, false])
    expect((await rows(1)).map(([name]) => name)).toEqual(['pupfish-77', 'bob', 'pupfish-77'])
    expect((await rows(1, reader)).map(([name]) => name)).toEqual(['redacted', 'redacted', 'redacted'])
    const [found] = await world.capabilities.datasets.subjects.find(await person('pupfish-77'))
    expect([found?.count, found?.plain]).toEqual([2, undefined])
    await erase('pupfish-77')
    await add([of(3)], { mode: 'append' })
    expect((await rows(2)).map(([name]) => name)).toEqual(['redacted', 'bob', 'redacted', 'redacted'])
    expect(await searchEverywhere(world, 'pupfish-77')).toEqual([])
  })

  test('do not leave the file behind that was sent in parts', async () => {
    const { call } = await trusted()
    const content = Buffer.from(`${head}\nbob,gudgeon@x,1,,1\n`)
    const digest = createHash('sha256').update(content).digest('hex')
    const begun = await call('POST', at('uploads'), { digest, size: content.length })
    const octets = { 'content-type': 'application/octet-stream' }
    await call('PUT', at(`uploads/${begun.json.id}/parts/1?digest=${digest}`), content, octets)
    await call('POST', at(`uploads/${begun.json.id}/complete`), {})
    expect(await world.kernel.blobs.has(project, digest)).toBe(true)
    const added = await call('POST', at(`datasets/customers/versions?format=csv&upload=${begun.json.id}`), '', octets)
    expect(added.json.version?.sealed, added.text).toContain('email')
    await expect.poll(() => searchEverywhere(world, 'gudgeon@x'), { timeout: 10_000, interval: 500 }).toEqual([])
    expect(await world.kernel.blobs.has(project, digest)).toBe(false)
  })
})

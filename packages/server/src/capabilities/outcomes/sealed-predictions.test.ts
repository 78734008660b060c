import { readdirSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { describeEachDatabase } from '@trivium/testing'
import { beforeAll, expect, test } from 'vitest'
import { openLedgerWriter } from '../../kernel/ledger/index.ts'
import { isSealed } from '../../kernel/subjects/index.ts'
import { searchEverywhere } from '../../kernel/subjects/search-everywhere.fixture.ts'
import { predictionRelation } from './read-relations.ts'

const start = Date.UTC(2001, 0, 8)

describeEachDatabase('sealed predictions', ({ world }) => {
  let project: string
  const at = (path: string) => `/api/v1/projects/${project}/${path}`
  const trusted = () => world.as('maintainer', project)
  const reader = () => world.as('contributor', project)
  const predict = (rows: { id: string; inputs: Record<string, unknown> }[]) => {
    const writer = openLedgerWriter({ root: world.kernel.paths.ledgers, stream: ['predictions', project, 'churn'] })
    writer.append(
      rows.map(({ id, inputs }, index) => ({
        id,
        project,
        deployment: 'churn',
        release: 'rel_1',
        model: 'churn',
        version: 1,
        eventTime: start + index,
        at: start,
        inputs,
        features: {},
        outputs: { email: inputs['email'], score: 0.5 },
        latencyMicros: 1,
        request: 'req',
      })),
    )
    writer.close()
    return world.settled(project)
  }
  const read = async (id: string, who = trusted) =>
    (await (await who()).call('GET', at(`deployments/churn/predictions/${id}`))).json
  const person = async (subject: string) => ({
    project,
    subject,
    keyId: (await world.kernel.subjects.resolve(project, subject)).id,
  })
  /** Nobody has written for long. */
  const age = (directory: string): void => {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      const path = join(directory, entry.name)
      if (entry.isDirectory()) age(path)
      else utimesSync(path, 1, 1)
    }
  }

  beforeAll(async () => {
    project = await world.makeProject()
    await (await trusted()).call('PUT', at('datasets/customers'), {
      personal: ['Email', 'age'],
      subjectColumn: 'Customer',
    })
    await predict([
      { id: 'a', inputs: { customer: 'ada', email: 'ada-zebrafish@x', age: 4711, visits: 3 } },
      { id: 'b', inputs: { customer: 'bob', email: 'bob-platypus@x', age: 1234.5, visits: 4 } },
      { id: 'c', inputs: { email: 'nobody-knows@x', age: 30, visits: 5 } },
    ])
  })

  test('are stored without a plain value, and read as they were by whoever may', async () => {
    const predictions = await predictionRelation(world.kernel, project, 'churn')
    const { rows } = await world.kernel.tables.query({
      sql: 'select "input.email", "input.age", "output.email", "input.visits" from predictions order by id',
      relations: { predictions },
      trusted: true,
    })
    expect(rows.map((row) => row.map(isSealed))).toEqual([
      [true, true, true, false],
      [true, true, true, false],
      [true, true, true, false],
    ])
    expect(rows[0]?.[0]).toBe(rows[0]?.[2])
    expect((await read('a')).inputs).toEqual({ customer: 'ada', email: 'ada-zebrafish@x', age: 4711, visits: 3 })
    expect((await read('b')).inputs.age).toBe(1234.5)
    expect((await read('c')).inputs.email).toBe('nobody-knows@x')
    expect((await read('a', reader)).inputs).toEqual({
      customer: 'ada',
      email: 'redacted',
      age: 'redacted',
      visits: 3,
    })
    const list = async (who: typeof reader) =>
      (await (await who()).call('GET', at('deployments/churn/predictions'))).json.predictions.map(
        ({ outputs }: any) => outputs.email,
      )
    expect(await list(trusted)).toContain('ada-zebrafish@x')
    expect(await list(reader)).toEqual(['redacted', 'redacted', 'redacted'])
  })

  test('are found and exported; after an erasure they read redacted and the plain value is nowhere', async () => {
    const { subjects: data } = world.capabilities.outcomes
    expect(await data.find(await person('ada'))).toEqual([
      { kind: 'predictions', where: 'churn', count: 1, urns: [`trivium://${project}/deployment/churn`] },
    ])
    const records = []
    for await (const { record } of data.export(await person('ada'))) records.push(record)
    expect(records).toMatchObject([{ id: 'a', 'input.email': 'ada-zebrafish@x', 'input.age': 4711 }])

    age(join(world.kernel.paths.ledgers, 'predictions', project))
    const { subjects, db } = world.kernel
    const ref = await subjects.resolve(project, 'ada')
    await db.write.transaction().execute((trx) => subjects.erase(trx, ref, 'prn_admin'))
    await data.erase(await person('ada'))
    expect((await read('a')).inputs).toEqual({ customer: 'ada', email: 'redacted', age: 'redacted', visits: 3 })
    expect((await read('b')).inputs.email).toBe('bob-platypus@x')
    expect(await searchEverywhere(world, 'zebrafish')).toEqual([])
    await predict([{ id: 'd', inputs: { customer: 'ada', email: 'late-zebrafish@x', age: 4711, visits: 6 } }])
    expect((await read('d')).inputs).toEqual({ customer: 'ada', email: 'redacted', age: 'redacted', visits: 6 })
  })
})

import { describeEachDatabase } from '@trivium/testing'
import { expect, test } from 'vitest'
import { openLedgerWriter } from '../../kernel/ledger/index.ts'
import { subjectDataConformance } from '../../kernel/ports/subject-data.conformance.ts'
import { searchEverywhere } from '../../kernel/subjects/search-everywhere.fixture.ts'
import { filesAt } from '../../kernel/tables/catalog.ts'
import { labelTable } from './label-table.ts'

describeEachDatabase('people in labels', ({ world }) => {
  const made = async () => {
    const project = await world.makeProject()
    const at = `/api/v1/projects/${project}`
    const { call, scope } = await world.as('admin', project)
    const declared = await call('PUT', `${at}/datasets/customers`, { personal: ['label'], subjectColumn: 'customer' })
    if (declared.status !== 200) throw new Error(declared.text)
    const ids: string[] = []
    /** Predictions about these people, and what turned out to be so. */
    const write = async (rows: readonly { subject: string; value: string | number | boolean }[]) => {
      const writer = openLedgerWriter({ root: world.kernel.paths.ledgers, stream: ['predictions', project, 'churn'] })
      const records = rows.map(({ subject }) => ({
        id: `p${ids.push(subject)}`,
        project,
        deployment: 'churn',
        release: 'rel_1',
        model: 'churn',
        version: 1,
        eventTime: world.time.now + ids.length,
        at: world.time.now,
        inputs: { customer: subject },
        features: {},
        outputs: { score: 0.5 },
        latencyMicros: 1,
        request: 'req',
      }))
      writer.append(records)
      writer.close()
      const labels = rows.map(({ value }, index) => ({ predictionId: records[index]?.id, value }))
      const pushed = await call('POST', `${at}/deployments/churn/labels`, { labels })
      if (pushed.status !== 200) throw new Error(pushed.text)
      await world.settled(project)
    }
    const read = async (id: string, who = call) => (await who('GET', `${at}/deployments/churn/predictions/${id}`)).json
    return { project, at, call, scope, ids, write, read }
  }

  subjectDataConformance(async () => {
    const { project, ids, write, read } = await made()
    return {
      world,
      project,
      capability: 'outcomes',
      kind: 'labels',
      write,
      read: async () => JSON.stringify(await Promise.all(ids.map((_, index) => read(`p${index + 1}`)))),
      names: async () =>
        (await filesAt(world.kernel.db.read, project, labelTable('churn'))).map(({ digest }) => digest),
    }
  })

  test('labels keep their types and their corrections, also those of a file; what computes with them has all but those of erased people', async () => {
    const { project, at, call, scope, write, read } = await made()
    await write([
      { subject: 'ada', value: 4.25 },
      { subject: 'bob', value: true },
      { subject: 'bob', value: 'lungfish' },
    ])
    const file = 'prediction_id,value\np1,9.5\n'
    const pushed = await call('POST', `${at}/deployments/churn/labels/file?format=csv`, file, {
      'content-type': 'application/octet-stream',
    })
    expect(pushed.status, pushed.text).toBe(200)
    const values = async (id: string, who = call) =>
      (await read(id, who)).labels.map(({ value }: { value: unknown }) => value)
    expect([await values('p1'), await values('p2'), await values('p3')]).toEqual([[4.25, 9.5], [true], ['lungfish']])
    expect(await values('p1', (await world.as('contributor', project)).call)).toEqual(['redacted', 'redacted'])
    for (const text of ['lungfish', '4.25']) expect(await searchEverywhere(world, text)).toEqual([])
    const computed = () =>
      world.capabilities.outcomes.withLabels(
        scope,
        'churn',
        { from: 0, to: world.time.now * 2 },
        world.time.now * 2,
        async ({ labels }) =>
          (
            await world.kernel.tables.query({
              sql: 'select prediction_id, kind, number, "text" from labels order by prediction_id, id',
              relations: { labels },
              trusted: true,
            })
          ).rows,
      )
    const bobs = [
      ['p2', 'boolean', 1, null],
      ['p3', 'string', null, 'lungfish'],
    ]
    expect(await computed()).toEqual([['p1', 'number', 4.25, null], ['p1', 'number', 9.5, null], ...bobs])
    await call('POST', `${at}/subjects/erase`, { subject: 'ada', confirm: 'ada', reason: 'Request 5' })
    expect([await values('p1'), await computed()]).toEqual([['redacted', 'redacted'], bobs])
  })
})

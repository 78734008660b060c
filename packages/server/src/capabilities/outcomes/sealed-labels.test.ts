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

  test('a label that comes before its prediction is erased with the person whom the prediction names, whichever comes first', async () => {
    const { project, at, call, scope, ids, read } = await made()
    const label = async (predictionId: string, value: string) => {
      await call('POST', `${at}/deployments/churn/labels`, { labels: [{ predictionId, value }] })
      await world.settled(project)
    }
    const predict = async (id: string, subject: string) => {
      const writer = openLedgerWriter({ root: world.kernel.paths.ledgers, stream: ['predictions', project, 'churn'] })
      writer.append([
        {
          id,
          project,
          deployment: 'churn',
          release: 'rel_1',
          model: 'churn',
          version: 1,
          eventTime: world.time.now + ids.push(subject),
          at: world.time.now,
          inputs: { customer: subject },
          features: {},
          outputs: { score: 0.5 },
          latencyMicros: 1,
          request: 'req',
        },
      ])
      writer.close()
      await world.settled(project)
    }
    const values = async (id: string) => (await read(id)).labels.map(({ value }: { value: unknown }) => value)
    const erase = async (subject: string) => {
      await call('POST', `${at}/subjects/erase`, { subject, confirm: subject, reason: 'Request 6' })
      await expect
        .poll(async () => (await call('GET', `${at}/subjects/erasures`)).text, { timeout: 10_000 })
        .not.toContain('"running"')
    }
    await predict('e0', 'person-40')
    await label('e1', 'coelacanth')
    await label('e2', 'oarfish')
    await label('e3', 'hagfish-of-somebody-else')
    expect(await searchEverywhere(world, 'coelacanth')).toEqual([])
    await predict('e1', 'person-41')
    await predict('e3', 'person-43')
    expect(await values('e1')).toEqual(['coelacanth'])
    const found = await call('POST', `${at}/subjects/find`, { subject: 'person-41' })
    expect(found.json.found).toContainEqual({
      capability: 'outcomes',
      kind: 'labels',
      where: 'churn',
      count: 1,
      plain: 0,
    })
    await erase('person-41')
    expect(await values('e1')).toEqual(['redacted'])
    // The prediction of somebody who is erased comes after his label.
    await erase('person-42')
    await predict('e2', 'person-42')
    expect([await values('e2'), await values('e3')]).toEqual([['redacted'], ['hagfish-of-somebody-else']])
    const texts = await world.kernel.subjects.known(scope.project, ['person-41'])
    expect(texts.size).toBe(1)
    await predict('c-person-41-a', 'person-41')
    await erase('person-41')
    const left = (await call('GET', `${at}/subjects/erasures`)).json.erasures.find(
      (one: any) => one.left.length > 0,
    ).left
    expect(left).toMatchObject([{ kind: 'ids of predictions', where: 'churn', count: 1 }])
  })
})

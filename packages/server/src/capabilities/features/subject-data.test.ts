import { rm } from 'node:fs/promises'
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { describeEachDatabase } from '@trivium/testing'
import { describe, expect, test } from 'vitest'
import { openOnlineReader } from '../../drivers/online-sqlite/online-sqlite.ts'
import { subjectDataConformance } from '../../kernel/ports/subject-data.conformance.ts'
import { searchEverywhere } from '../../kernel/subjects/search-everywhere.fixture.ts'
import { filesAt } from '../../kernel/tables/catalog.ts'
import { runPipeline, stepOf } from '../pipelines/pipelines.fixture.ts'
import { createGatewayLookup } from './gateway-lookup.ts'
import { tableOf } from './push-rows.ts'

const definition = {
  keys: ['customer'],
  columns: { mail: 'string', amount: 'number', visits: 'number' },
  window: '3h',
  features: { spent: 'sum(amount)', times: 'count(*)', seen: 'sum(visits)' },
  personal: ['customer', 'mail', 'amount'],
  subjectColumn: 'customer',
}

describeEachDatabase('people in feature rows', ({ world }) => {
  const made = async () => {
    const project = await world.makeProject()
    const at = `/api/v1/projects/${project}`
    const owner = await world.as('admin', project)
    const defined = await owner.call('PUT', `${at}/feature-views/purchases`, definition)
    if (defined.status !== 200) throw new Error(defined.text)
    const push = async (rows: unknown[]) => {
      const pushed = await owner.call('POST', `${at}/feature-views/purchases/rows`, { rows })
      if (pushed.status !== 200) throw new Error(pushed.text)
    }
    const opened = async () => {
      const { relation, release } = await world.capabilities.features.opened(owner.scope, 'purchases')
      const { rows } = await world.kernel.tables.query({
        sql: 'select customer, mail, amount, visits from (select entity_key as customer, * from rows) order by row_id',
        relations: { rows: relation },
        trusted: true,
      })
      await release()
      return rows
    }
    const lookup = async (customer: string, asOf = world.time.now) =>
      (await owner.call('POST', `${at}/feature-views/purchases/lookup`, { keys: [{ customer }], asOf })).json.rows[0]
    return { project, at, owner, push, opened, lookup }
  }
  const row = (id: string, customer: string, values: Record<string, unknown>, back = 0) => ({
    id,
    key: { customer },
    eventTime: world.time.now - back,
    values: { visits: 1, ...values },
  })

  subjectDataConformance(async () => {
    const { project, push, opened } = await made()
    let count = 0
    return {
      world,
      project,
      capability: 'features',
      write: async (rows) => {
        await push(rows.map(({ subject, value }) => row(`r${(count += 1)}`, subject, { mail: value, amount: 5 })))
        await opened()
      },
      read: async () => JSON.stringify(await opened()),
      names: async () =>
        (await filesAt(world.kernel.db.read, project, tableOf('purchases'))).map(({ digest }) => digest),
    }
  })

  describe('are sealed and looked up all the same', () => {
    let made_: Awaited<ReturnType<typeof made>>
    const gateway = async () => {
      const online = openOnlineReader({ directory: join(world.kernel.paths.data, 'online') })
      const people = createGatewayLookup(online)
      const { view } = await world.capabilities.features.onlineView(made_.owner.scope, 'purchases')
      const ask = (customer: string) => people.lookup(made_.project, view, { customer }, world.time.now)
      return { ask, people, online }
    }

    test('by the server, by the gateway with the root of the project, and point in time; both sides agree', async () => {
      made_ = await made()
      const { project, at, owner, push, lookup } = made_
      await push([
        row('a', 'walleye-17', { mail: 'w@x', amount: 7 }),
        row('b', 'walleye-17', { mail: 'w@x', amount: 5 }, 1000),
        row('c', 'sturgeon-9', { mail: 's@x', amount: 1 }),
      ])
      expect(await lookup('walleye-17')).toEqual({ spent: 12, times: 2, seen: 2 })
      const { ask, people, online } = await gateway()
      expect(() => ask('walleye-17')).toThrow('has not handed their keys on yet')
      people.setRoots({ [project]: (await world.kernel.subjects.root(project)) ?? '' })
      expect(ask('walleye-17')).toEqual({ spent: 12, times: 2, seen: 2 })
      expect(ask('nobody')).toEqual({ spent: null, times: null, seen: null })
      online.close()
      const parity = await owner.call('POST', `${at}/feature-views/purchases/parity`, {})
      expect(parity.json).toMatchObject({ compared: 9, different: 0 })
      await world.settled(project)
      // The name of a person is a value too: nowhere in clear text.
      expect(await searchEverywhere(world, 'walleye-17')).toEqual([])
    })

    test('files of rows are sealed as pushed rows are', async () => {
      const { at, owner, lookup, opened } = made_
      const path = join(world.kernel.paths.tmp, 'rows.parquet')
      await world.kernel.tables.write({
        sql: `select 'f1' as id, 'walleye-17' as customer, 'pickerel@x' as mail, 3.5 as amount, 2 as visits, ${world.time.now}::bigint as event_time`,
        relations: {},
        trusted: true,
        output: { path, format: 'parquet' },
      })
      const pushed = await world.capabilities.features.pushFile(owner.scope, 'purchases', createReadStream(path))
      expect(pushed).toBe(1)
      await rm(path)
      expect(await lookup('walleye-17')).toEqual({ spent: 15.5, times: 3, seen: 4 })
      expect((await opened()).map((one) => one[1])).toContain('pickerel@x')
      expect(await searchEverywhere(world, 'pickerel@x')).toEqual([])
      expect((await owner.call('GET', `${at}/feature-views/purchases`)).json.rows).toBe(4)
    })

    test('a training set joins them for whoever may read them, sealed again, and holds nothing personal for others', async () => {
      const { project, at } = made_
      const maintainer = await world.as('maintainer', project)
      const moment = new Date(world.time.now).toISOString().slice(0, 19).replace('T', ' ')
      await maintainer.call(
        'POST',
        `${at}/datasets/orders/versions?format=csv`,
        `customer,at\nwalleye-17,${moment}\nnew-one,${moment}\n`,
        {
          'content-type': 'text/csv',
        },
      )
      const run = async (version: number) => {
        const step = stepOf(
          await runPipeline(maintainer, {
            name: 'join',
            yaml: `name: join
steps:
  rows:
    kind: features
    in: { dataset: dataset:orders@latest }
    with:
      dataset: training
      time: at
      views: [{ view: purchases, keys: [customer] }]
      entities: "SELECT customer, \\"at\\" FROM data"
`,
          }),
          'rows',
        )
        expect([step.state, step.reason]).toEqual(['finished', null])
        const rows = await maintainer.call('GET', `${at}/datasets/training/versions/${version}/rows`)
        return rows.json.rows
      }
      expect(await run(1)).toEqual([
        ['walleye-17', world.time.now, 15.5, 3, 4],
        ['new-one', world.time.now, null, null, null],
      ])
      // What a step made of opened values is sealed like anything else, a feature of personal columns too.
      expect(await searchEverywhere(world, 'walleye-17')).toEqual([])
      const shown = await (await world.as('contributor', project)).call(
        'GET',
        `${at}/datasets/training/versions/1/rows`,
      )
      expect(shown.json.rows[0]).toEqual(['redacted', world.time.now, 'redacted', 3, 4])
      // Who may not read what is personal computes without it.
      const contributor = await world.as('contributor', project)
      const { relation, release } = await world.capabilities.features.opened(contributor.scope, 'purchases')
      const seen = await world.kernel.tables.query({
        sql: 'select distinct mail, amount, visits from rows where row_id <> $1 order by visits',
        params: ['f1'],
        relations: { rows: relation },
        trusted: true,
      })
      await release()
      expect(seen.rows).toEqual([[null, null, 1]])
    }, 60_000)

    test('whoever is erased is a person without values from then on, at the server, the gateway and in training sets', async () => {
      const { project, at, owner, lookup, push } = made_
      const { ask, people, online } = await gateway()
      people.setRoots({ [project]: (await world.kernel.subjects.root(project)) ?? '' })
      const body = { subject: 'walleye-17', confirm: 'walleye-17', reason: 'Request 4' }
      expect((await owner.call('POST', `${at}/subjects/erase`, body)).status).toBe(200)
      expect((await lookup('walleye-17')).spent).toBe('redacted')
      await expect
        .poll(async () => (await owner.call('GET', `${at}/subjects/erasures`)).json.erasures[0].state, {
          timeout: 10_000,
        })
        .toBe('finished')
      expect(ask('walleye-17')).toEqual({ spent: null, times: 3, seen: 4 })
      await push([row('late', 'walleye-17', { mail: 'late@x', amount: 9 })])
      expect([ask('walleye-17'), (await lookup('sturgeon-9')).spent]).toEqual([{ spent: null, times: 4, seen: 5 }, 1])
      await world.settled(project)
      expect(await searchEverywhere(world, 'late@x')).toEqual([])
      online.close()
    })
  })
})

import { createReadStream, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describeEachDatabase, type World } from '@trivium/testing'
import { expect, test } from 'vitest'
import { createOnlineSqlite } from '../../drivers/online-sqlite/online-sqlite.ts'
import { openLedgerWriter } from '../../kernel/ledger/index.ts'
import type { OnlineStore } from '../../kernel/ports/index.ts'
import { createFeatures, type Features } from './index.ts'

const start = Date.UTC(2001, 0, 10)

describeEachDatabase('the online store after a kill', ({ world }) => {
  const onlineOf = (of: World): OnlineStore => createOnlineSqlite({ directory: join(of.kernel.paths.data, 'online') })
  const defined = async () => {
    const project = await world.makeProject()
    const { scope } = await world.as('contributor', project)
    await world.capabilities.features.define(scope, 'arrivals', {
      keys: ['airport'],
      columns: { delay: 'number' },
      window: '3h',
      features: { arrivals: 'count(*)', delay: 'sum(delay)' },
    })
    return { project, scope }
  }
  const arrivals = async (features: Features, scope: Parameters<Features['lookup']>[0]) =>
    (await features.lookup(scope, 'arrivals', [{ airport: 'ORD' }], start + 1000)).rows[0]
  const row = (id: string, at: number, delay: number) => ({
    id,
    key: { airport: 'ORD' },
    eventTime: at,
    values: { delay },
  })

  test('rows that were recorded and did not get there are put there, once, and both sides agree', async () => {
    const { project, scope } = await defined()
    const { features } = world.capabilities
    await features.push(scope, 'arrivals', [row('a', start, 10)])
    // What a kill between the two writes leaves: a line in the ledger, of a writer that is no more.
    const writer = openLedgerWriter({ root: world.kernel.paths.ledgers, stream: ['features', project, 'arrivals'] })
    writer.append([{ row_id: 'b', entity_key: 'ORD', event_time: start + 1, known_at: start + 1, delay: 5 }])
    writer.appendLines('{"row_id":"torn","entity_')
    expect(await arrivals(features, scope)).toEqual({ arrivals: 1, delay: 10 })
    // How much differs is for everybody, which rows do is not.
    const path = `/api/v1/projects/${project}/feature-views/arrivals/parity`
    const [viewer, contributor] = await Promise.all([world.as('viewer', project), world.as('contributor', project)])
    const [counts, rows] = [await viewer.call('POST', path, {}), await contributor.call('POST', path, {})]
    expect(counts.json).toMatchObject({ different: rows.json.different, differences: [] })
    expect(rows.json.differences).toHaveLength(rows.json.different)
    expect(rows.json.different).toBeGreaterThan(0)
    for (let times = 0; times < 2; times += 1) {
      await features.recover()
      expect(await arrivals(features, scope)).toEqual({ arrivals: 2, delay: 15 })
    }
    expect(await features.parity(scope, 'arrivals', 100)).toMatchObject({ compared: 4, different: 0 })
    writer.close()
  })

  test('a file whose rows are recorded and did not get there is put there at the next start', async () => {
    const { project, scope } = await defined()
    const parquet = join(world.kernel.paths.tmp, `${project}.parquet`)
    await world.kernel.tables.write({
      sql: `select 'r' || i as id, 'ORD' as airport, ${start} + i as event_time, i::double as delay from range(3) t(i)`,
      relations: {},
      trusted: true,
      output: { path: parquet, format: 'parquet' },
    })
    const killed = createFeatures({
      ...world.kernel,
      online: {
        ...onlineOf(world),
        push: () => {
          throw new Error('killed')
        },
      },
    })
    await expect(killed.pushFile(scope, 'arrivals', Readable.from(createReadStream(parquet)))).rejects.toThrow('killed')
    const { features } = world.capabilities
    expect(await features.get(scope, 'arrivals')).toMatchObject({ rows: 3 })
    expect(await arrivals(features, scope)).toMatchObject({ arrivals: null })
    await features.recover()
    expect(await arrivals(features, scope)).toEqual({ arrivals: 3, delay: 3 })
    expect(await features.parity(scope, 'arrivals', 100)).toMatchObject({ different: 0 })
    expect(readdirSync(join(world.kernel.paths.data, 'online/pending'))).toEqual([])
  })

  test('rows and files that a full disk kept from there come by themselves once there is space, and a repeated push adds nothing', async () => {
    const { project, scope } = await defined()
    const online = onlineOf(world)
    let full = true
    const features = createFeatures({
      ...world.kernel,
      online: {
        ...online,
        push: (...rows) => {
          if (full) throw new Error('no space')
          return online.push(...rows)
        },
      },
    })
    const parquet = join(world.kernel.paths.tmp, `${project}.parquet`)
    await world.kernel.tables.write({
      sql: `select 'f' as id, 'ORD' as airport, ${start} as event_time, 100.0::double as delay`,
      relations: {},
      trusted: true,
      output: { path: parquet, format: 'parquet' },
    })
    await expect(features.push(scope, 'arrivals', [row('a', start, 10)])).rejects.toThrow('no space')
    await expect(features.pushFile(scope, 'arrivals', createReadStream(parquet))).rejects.toThrow('no space')
    await features.offline(scope, 'arrivals')
    expect(await arrivals(features, scope)).toMatchObject({ arrivals: null })
    full = false
    await features.offline(scope, 'arrivals')
    expect(await arrivals(features, scope)).toEqual({ arrivals: 2, delay: 110 })
    await features.push(scope, 'arrivals', [row('a', start, 10)])
    expect(await features.parity(scope, 'arrivals', 100)).toMatchObject({ compared: 2, different: 0 })
    await features.close()
  })

  test('after a server that was closed nothing is read again', async () => {
    const { project, scope } = await defined()
    const first = createFeatures({ ...world.kernel, online: onlineOf(world) })
    await first.close()
    const writer = openLedgerWriter({ root: world.kernel.paths.ledgers, stream: ['features', project, 'arrivals'] })
    writer.append([{ row_id: 'b', entity_key: 'ORD', event_time: start, known_at: start, delay: 5 }])
    await world.capabilities.features.recover()
    expect(await arrivals(world.capabilities.features, scope)).toMatchObject({ arrivals: null })
    // The mark is spent: a kill after it is seen.
    await world.capabilities.features.recover()
    expect(await arrivals(world.capabilities.features, scope)).toMatchObject({ arrivals: 1 })
    writer.close()
  })
})

import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ChainReport } from '@trivium/contract'
import { createPostgresDatabase, createWorld, describeEachDatabase, type World } from '@trivium/testing'
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { canonicalJson, urn } from '../ids/index.ts'
import { canonicalEvent, eventDigest } from './canonical-event.ts'
import { batchDigest, type EventBatchTable, membersText, noBatch, parseMembers } from './event-batch.ts'
import { type EventTable, knownEvents, sealedEventOf } from './event-log.ts'
import { sealBacklog } from './seal-events.ts'
import { startSequencer } from './sequencer.ts'
import { verifyProject } from './verify-project.ts'

const append = (world: World, project: string, n: number) =>
  world.kernel.db.write.transaction().execute((trx) =>
    world.kernel.events.append(trx, {
      project,
      name: 'test.happened',
      schema: 1,
      by: 'tester',
      subject: urn(project, 'test', String(n)),
      refs: [{ rel: 'input', urn: urn(project, 'run', 'ä'), as: 'made-by' }],
      data: { n, z: [1, { b: 2, a: null }], a: 'ü\n' },
    }),
  )
const fill = async (world: World, project: string, count: number, from = 0) => {
  for (let n = from; n < from + count; n += 1) {
    await append(world, project, n)
    // A few events a batch, and some alone.
    if (n % 3 === 0) await world.kernel.sequencer.flush()
  }
  await world.kernel.sequencer.flush()
}
/** Somebody at the database itself, past the program. */
const tamper = (world: World, work: (run: (query: ReturnType<typeof sql>) => Promise<unknown>) => Promise<void>) =>
  world.kernel.db.write.transaction().execute((trx) => work((query) => query.execute(trx)))
const verify = (world: World, project: string): Promise<ChainReport> => verifyProject(world.kernel, project)
const eventsOf = (world: World, project: string): Promise<EventTable[]> =>
  world.kernel.db.read.selectFrom('event').selectAll().where('project_id', '=', project).orderBy('seq').execute()
const batchesOf = (world: World, project: string): Promise<EventBatchTable[]> =>
  world.kernel.db.read
    .selectFrom('event_batch')
    .selectAll()
    .where('project_id', '=', project)
    .orderBy('number')
    .execute()
const kinds = (report: ChainReport) => report.problems.map(({ kind, seq, event }) => ({ kind, seq, event }))

describe('canonical bytes', () => {
  const row: EventTable = {
    id: 'evt_1',
    seq: 7,
    project_id: 'p',
    name: 'a.b',
    schema_version: 2,
    at: 1000,
    event_time: null,
    by: 'prn_"x"',
    subject: 'trivium://p/run/1',
    refs: '[ {"urn":"u","rel":"input","as":"x"} ]',
    data: '{"b": 1.50, "a": {"ü": "\\u00e4", "10": 1, "9": 2}}',
    xid: 3,
  }

  test('are the canonical JSON of the event as the API shows it', () => {
    expect(canonicalEvent(row)).toBe(canonicalJson(sealedEventOf(row)))
    expect(canonicalEvent({ ...row, event_time: 5 })).toBe(canonicalJson(sealedEventOf({ ...row, event_time: 5 })))
    expect(canonicalEvent(row)).toBe(
      '{"at":1000,"by":"prn_\\"x\\"","data":{"a":{"10":1,"9":2,"ü":"ä"},"b":1.5},"eventTime":null,"id":"evt_1","name":"a.b","project":"p","refs":[{"as":"x","rel":"input","urn":"u"}],"schema":2,"seq":7,"subject":"trivium://p/run/1"}',
    )
  })

  test('a batch has the digest that the decision record computes by hand', () => {
    const members = membersText([{ seq: 7, id: 'evt_1', digest: eventDigest(row) }])
    const text = `trivium-event-batch/1\np\n1\n${noBatch}\n7 evt_1 ${createHash('sha256').update(canonicalEvent(row)).digest('hex')}\n`
    expect(batchDigest({ project_id: 'p', number: 1, previous: noBatch, members })).toBe(
      createHash('sha256').update(text).digest('hex'),
    )
  })

  test('text that is no JSON has a digest too, and another one than before', () => {
    expect(eventDigest({ ...row, data: '{"broken' })).not.toBe(eventDigest(row))
  })
})

describeEachDatabase('event chain', ({ world, dialect }) => {
  /** A project with ten events, and what another one does meanwhile. */
  const sealed = async (): Promise<{ project: string; rows: EventTable[] }> => {
    const project = await world.makeProject()
    for (let round = 0; round < 3; round += 1) {
      await fill(world, project, 3, round * 3)
      await append(world, 'default', round)
    }
    await world.kernel.sequencer.flush()
    return { project, rows: await eventsOf(world, project) }
  }

  test('every event is in exactly one batch, in order, and the chain verifies', async () => {
    const { project, rows } = await sealed()
    const batches = await batchesOf(world, project)
    expect(batches.flatMap((batch) => parseMembers(batch.members).map(({ id }) => id))).toEqual(rows.map((r) => r.id))
    expect(batches.map(({ number }) => number)).toEqual(batches.map((_, i) => i + 1))
    expect(batches.map(({ previous }) => previous)).toEqual([noBatch, ...batches.slice(0, -1).map((b) => b.digest)])
    expect(await verify(world, project)).toMatchObject({ intact: true, events: 10, problems: [], more: 0 })
  })

  test('one changed row is found, for each of its columns', async () => {
    const { project, rows } = await sealed()
    const row = rows[4] as EventTable
    const changes: [string, ReturnType<typeof sql>][] = [
      ['name', sql`update event set name = 'test.never' where id = ${row.id}`],
      ['at', sql`update event set at = at + 1 where id = ${row.id}`],
      ['by', sql`update event set "by" = 'somebody' where id = ${row.id}`],
      ['subject', sql`update event set subject = subject || 'x' where id = ${row.id}`],
      ['data', sql`update event set data = replace(data, '"n":', '"m":') where id = ${row.id}`],
      ['refs', sql`update event set refs = '[]' where id = ${row.id}`],
      ['schema_version', sql`update event set schema_version = 2 where id = ${row.id}`],
      ['event_time', sql`update event set event_time = 5 where id = ${row.id}`],
    ]
    for (const [column, change] of changes) {
      await tamper(world, async (run) => void (await run(change)))
      const report = await verify(world, project)
      expect(kinds(report), column).toEqual([{ kind: 'changed', seq: row.seq, event: row.id }])
      expect(report.intact).toBe(false)
      await world.kernel.db.write.transaction().execute(async (trx) => {
        const { id: _id, ...before } = row
        await trx.updateTable('event').set(before).where('id', '=', row.id).execute()
      })
      expect(await verify(world, project), column).toMatchObject({ intact: true })
    }
  })

  test('one removed row is found', async () => {
    const { project, rows } = await sealed()
    const row = rows[5] as EventTable
    await tamper(world, async (run) => void (await run(sql`delete from event where id = ${row.id}`)))
    expect(kinds(await verify(world, project))).toEqual([{ kind: 'removed', seq: row.seq, event: row.id }])
  })

  test('two rows that changed places are found', async () => {
    const { project, rows } = await sealed()
    const [a, b] = [rows[3], rows[6]] as [EventTable, EventTable]
    await tamper(world, async (run) => {
      await run(sql`update event set seq = ${-1} where id = ${a.id}`)
      await run(sql`update event set seq = ${a.seq} where id = ${b.id}`)
      await run(sql`update event set seq = ${b.seq} where id = ${a.id}`)
    })
    const report = await verify(world, project)
    expect(kinds(report)).toEqual([
      { kind: 'reordered', seq: a.seq, event: a.id },
      { kind: 'reordered', seq: b.seq, event: b.id },
    ])
    expect(report.problems[0]?.detail).toContain(`it has the number ${b.seq} now`)
  })

  test('a row that was put in is found: in a number of another project, before the first, and after the last', async () => {
    const { project, rows } = await sealed()
    const other = rows.find((row, i) => i > 0 && row.seq !== (rows[i - 1]?.seq ?? 0) + 1) as EventTable
    const free = (other.seq ?? 0) - 1
    await tamper(world, async (run) => {
      await run(sql`update event set seq = ${-7} where seq = ${free}`)
      for (const seq of [free, -3, 9_000_000])
        await run(sql`insert into event (id, seq, project_id, name, schema_version, at, event_time, "by", subject, refs, data, xid)
          values (${`evt_false${seq}`}, ${seq}, ${project}, 'test.happened', 1, 0, null, 'tester', 'trivium://x/test/1', '[]', '{}', 0)`)
    })
    expect(kinds(await verify(world, project))).toEqual([
      { kind: 'inserted', seq: free, event: `evt_false${free}` },
      { kind: 'inserted', seq: -3, event: 'evt_false-3' },
      { kind: 'inserted', seq: 9_000_000, event: 'evt_false9000000' },
    ])
    await tamper(world, async (run) => {
      await run(sql`delete from event where id like 'evt_false%'`)
      await run(sql`update event set seq = ${free} where seq = ${-7}`)
    })
    expect(await verify(world, project)).toMatchObject({ intact: true })
  })

  test('a row that was moved to another project is found in both', async () => {
    const { project, rows } = await sealed()
    const row = rows[2] as EventTable
    const target = await world.makeProject()
    await world.kernel.sequencer.flush()
    await tamper(
      world,
      async (run) => void (await run(sql`update event set project_id = ${target} where id = ${row.id}`)),
    )
    expect(kinds(await verify(world, project))).toEqual([{ kind: 'changed', seq: row.seq, event: row.id }])
    expect(kinds(await verify(world, target))).toEqual([{ kind: 'inserted', seq: row.seq, event: row.id }])
  })

  test('a row and its line in the batch that were changed together are found by the digest of the batch', async () => {
    const { project, rows } = await sealed()
    const row = rows[4] as EventTable
    const batch = (await batchesOf(world, project)).find((b) => b.members.includes(row.id)) as EventBatchTable
    await tamper(world, async (run) => {
      await run(sql`update event set "by" = 'somebody' where id = ${row.id}`)
      const members = batch.members.replace(eventDigest(row), eventDigest({ ...row, by: 'somebody' }))
      await run(
        sql`update event_batch set members = ${members} where project_id = ${project} and number = ${batch.number}`,
      )
    })
    const [first] = (await verify(world, project)).problems
    expect(first).toMatchObject({ kind: 'chain', batch: batch.number, seq: batch.first_seq })
  })

  test('a batch that was removed with its events is found', async () => {
    const { project } = await sealed()
    const batch = (await batchesOf(world, project))[1] as EventBatchTable
    await tamper(world, async (run) => {
      await run(sql`delete from event_batch where project_id = ${project} and number = 2`)
      await run(
        sql`delete from event where project_id = ${project} and seq between ${batch.first_seq} and ${batch.last_seq}`,
      )
    })
    expect((await verify(world, project)).problems[0]).toMatchObject({ kind: 'chain', batch: 2 })
  })

  test('a row of the chain that names another digest than its last batch has, or that is gone, is found', async () => {
    const { project } = await sealed()
    const digest = 'f'.repeat(64)
    await tamper(world, async (run) => {
      await run(sql`update event_chain set digest = ${digest} where project_id = ${project}`)
    })
    expect((await verify(world, project)).problems[0]?.detail).toContain('is not the one that the chain stood at')
    await tamper(world, async (run) => {
      await run(sql`delete from event_chain where project_id = ${project}`)
    })
    expect((await verify(world, project)).problems[0]?.detail).toContain('where the chain stands is gone')
  })

  test('a batch that was put beside the chain, or lists other events than it names, is found in a chain that fits in all else', async () => {
    const { project } = await sealed()
    const batches = await batchesOf(world, project)
    const [, second] = batches as [EventBatchTable, EventBatchTable]
    const changes: [Partial<EventBatchTable>, string][] = [
      [{ previous: 'e'.repeat(64) }, 'Batch 2 does not follow batch 1'],
      [{ events: second.events + 1 }, 'Batch 2 does not list the events that it names.'],
      [{ first_seq: second.first_seq - 1 }, 'Batch 2 does not list the events that it names.'],
    ]
    const write = (rows: readonly EventBatchTable[]) =>
      world.kernel.db.write.transaction().execute(async (trx) => {
        for (const { project_id, number, ...row } of rows)
          await trx
            .updateTable('event_batch')
            .set(row)
            .where('project_id', '=', project_id)
            .where('number', '=', number)
            .execute()
        const digest = rows.at(-1)?.digest ?? ''
        await trx.updateTable('event_chain').set({ digest }).where('project_id', '=', project).execute()
      })
    for (const [change, detail] of changes) {
      let digest = noBatch
      const forged = batches.map((batch) => {
        const row = { ...batch, previous: digest, ...(batch.number === 2 ? change : {}) }
        digest = batchDigest(row)
        return { ...row, digest }
      })
      await write(forged)
      expect((await verify(world, project)).problems).toMatchObject([
        { kind: 'chain', batch: 2, detail: expect.stringContaining(detail) },
      ])
    }
    await write(batches)
    expect(await verify(world, project)).toMatchObject({ intact: true })
  })

  test('a tail that was cut off is found by the row that says where the chain stood', async () => {
    const { project } = await sealed()
    const batches = await batchesOf(world, project)
    const [keep, gone] = batches.slice(-2) as [EventBatchTable, EventBatchTable]
    await tamper(world, async (run) => {
      await run(sql`delete from event where project_id = ${project} and seq >= ${gone.first_seq}`)
      await run(sql`delete from event_batch where project_id = ${project} and number = ${gone.number}`)
    })
    expect((await verify(world, project)).problems).toMatchObject([
      { kind: 'truncated', batch: gone.number, detail: expect.stringContaining(`ends with batch ${keep.number}`) },
    ])
  })

  /** Makes the chain anew from the rows that are there, as somebody would who knows how it is made, and removes what the database knows of checkpoints. */
  const forge = async (project: string, rows: readonly EventTable[]): Promise<void> => {
    const members = membersText(rows.map((row) => ({ seq: row.seq ?? 0, id: row.id, digest: eventDigest(row) })))
    const last = rows.at(-1)?.seq ?? 0
    const digest = batchDigest({ project_id: project, number: 1, previous: noBatch, members })
    await tamper(world, async (run) => {
      await run(sql`delete from event_batch where project_id = ${project}`)
      await run(sql`delete from event_checkpoint where project_id = ${project}`)
      await run(sql`insert into event_batch (project_id, number, first_seq, last_seq, events, previous, digest, members)
        values (${project}, 1, ${rows[0]?.seq}, ${last}, ${rows.length}, ${noBatch}, ${digest}, ${members})`)
      await run(
        sql`update event_chain set batches = 1, events = ${rows.length}, last_seq = ${last}, digest = ${digest} where project_id = ${project}`,
      )
    })
  }

  test('a tail that was cut off with its batches and its checkpoints in the database is found by the signed file', async () => {
    const { project, rows } = await sealed()
    await world.kernel.checkpoints.write({ all: true })
    expect(await verify(world, project)).toMatchObject({ intact: true, checkpoint: { seq: rows.at(-1)?.seq } })
    const batches = await batchesOf(world, project)
    const keep = batches.at(-3) as EventBatchTable
    await tamper(world, async (run) => {
      await run(sql`delete from event where project_id = ${project} and seq > ${keep.last_seq}`)
      await run(sql`delete from event_batch where project_id = ${project} and number > ${keep.number}`)
      await run(sql`delete from event_checkpoint where project_id = ${project}`)
      await run(
        sql`update event_chain set batches = ${keep.number}, last_seq = ${keep.last_seq}, digest = ${keep.digest} where project_id = ${project}`,
      )
    })
    const report = await verify(world, project)
    expect(kinds(report)).toEqual([{ kind: 'truncated', seq: keep.last_seq + 1, event: null }])
    expect(report.problems[0]?.detail).toContain(`covers events up to ${rows.at(-1)?.seq}`)
  })

  test('a chain that was made anew from its first event on is found by the signed file', async () => {
    const { project, rows } = await sealed()
    await world.kernel.checkpoints.write({ all: true })
    const changed = rows.map((row, i) => (i === 4 ? { ...row, by: 'somebody' } : row))
    await tamper(
      world,
      async (run) => void (await run(sql`update event set "by" = 'somebody' where id = ${rows[4]?.id}`)),
    )
    await forge(project, changed)
    // Enough batches that the number of the checkpoint is there again.
    for (let n = 0; n < 10; n += 1) await fill(world, project, 1, 30 + 3 * n)
    const report = await verify(world, project)
    expect(report.problems.map(({ kind }) => kind)).toEqual(['rewritten'])
  })

  test('a checkpoint with another signature does not count, and is reported', async () => {
    const { project } = await sealed()
    await world.kernel.checkpoints.write({ all: true })
    const path = join(world.kernel.config.data, 'checkpoints', `${project}.json`)
    const signed = await readFile(path, 'utf8')
    const { checkpoint } = JSON.parse(signed) as { checkpoint: { seq: number } }
    await writeFile(path, signed.replace(`"seq":${checkpoint.seq}`, `"seq":${checkpoint.seq - 1}`))
    expect((await verify(world, project)).problems).toMatchObject([
      { kind: 'checkpoint', detail: expect.stringContaining('its signature is wrong') },
    ])
    await writeFile(path, signed.replace(/"keyId":"[0-9a-f]+"/, '"keyId":"0000000000000000"'))
    expect((await verify(world, project)).problems).toMatchObject([
      { kind: 'checkpoint', detail: expect.stringContaining('which this instance does not know') },
    ])
    const other = await readFile(path.replace(`${project}.json`, 'default.json'), 'utf8')
    await writeFile(path, other)
    expect((await verify(world, project)).problems).toMatchObject([
      { kind: 'checkpoint', detail: expect.stringContaining('it is about project default') },
    ])
    await writeFile(path, signed)
    expect(await verify(world, project)).toMatchObject({ intact: true })
  })

  test('checkpoints come after a thousand events or a minute, and then only where something is new', async () => {
    const { checkpoints } = world.kernel
    await checkpoints.write({ all: true })
    const project = await world.makeProject()
    await fill(world, project, 2)
    expect(await checkpoints.write()).toBe(1)
    expect(await checkpoints.write()).toBe(0)
    await fill(world, project, 1)
    expect(await checkpoints.write()).toBe(0)
    world.time.now += 60_000
    expect(await checkpoints.write()).toBe(1)
    await Promise.all(Array.from({ length: 1000 }, (_, n) => append(world, project, n)))
    await world.kernel.sequencer.flush()
    expect(await checkpoints.write()).toBe(1)
  })

  test('the last checkpoint of each day stays, and only what stays holds content', async () => {
    const project = await world.makeProject()
    const kept = async () => {
      const { read } = world.kernel.db
      const rows = await read.selectFrom('event_checkpoint').selectAll().where('project_id', '=', project).execute()
      const refs = await read.selectFrom('blob_ref').select('digest').where('project_id', '=', project).execute()
      expect(refs.map(({ digest }) => digest).toSorted()).toEqual(rows.map(({ blob }) => blob).toSorted())
      return rows.length
    }
    for (let day = 1; day <= 3; day += 1) {
      for (let n = 0; n < 3; n += 1) {
        await fill(world, project, 1, day * 3)
        await world.kernel.checkpoints.write({ all: true })
        world.time.now += 1000
      }
      expect(await kept()).toBe(day)
      world.time.now += 86_400_000
    }
    expect(await verify(world, project)).toMatchObject({ intact: true, checkpoint: { seq: expect.any(Number) } })
  })

  test('events from before the chain are sealed by the next start', async () => {
    const project = await world.makeProject()
    await fill(world, project, 5)
    const before = await eventsOf(world, project)
    // As an earlier version of the program left it: numbers, and nothing else.
    await tamper(world, async (run) => {
      for (const table of ['event_batch', 'event_chain', 'event_checkpoint'])
        await run(sql`delete from ${sql.table(table)}`)
      await run(sql`update event_head set sealed_seq = 0`)
    })
    await rm(join(world.kernel.config.data, 'checkpoints'), { recursive: true, force: true })
    const sealed = await sealBacklog(world.kernel.db)
    // On Postgres the sequencer that runs may have been quicker.
    if (dialect === 'sqlite') expect(sealed).toBeGreaterThan(before.length)
    expect(await verify(world, project)).toMatchObject({ intact: true, events: before.length })
    expect(await sealBacklog(world.kernel.db)).toBe(0)
    await fill(world, project, 2, 50)
    expect(await verify(world, project)).toMatchObject({ intact: true, events: before.length + 2 })
  })

  test('numbers and seals appear together: what fails leaves neither', async () => {
    const project = await world.makeProject()
    await world.kernel.sequencer.flush()
    const count = async () => (await batchesOf(world, project)).length
    const before = await count()
    // The next batch cannot be written: its number is taken.
    await tamper(world, async (run) => {
      await run(sql`insert into event_batch (project_id, number, first_seq, last_seq, events, previous, digest, members)
        values (${project}, ${before + 1}, 0, 0, 0, '', '', '')`)
    })
    const written = append(world, project, 1)
    if (dialect === 'sqlite') await expect(written).rejects.toThrow(/unique/i)
    else {
      await written
      await new Promise((resolve) => setTimeout(resolve, 400))
      const rows = await knownEvents(world.kernel.db.read).select('seq').where('project_id', '=', project).execute()
      expect(rows.filter(({ seq }) => seq === null)).toHaveLength(1)
    }
    await tamper(world, async (run) => {
      await run(sql`delete from event_batch where project_id = ${project} and number = ${before + 1}`)
    })
    if (dialect === 'sqlite') await append(world, project, 2)
    await world.kernel.sequencer.flush()
    expect(await count()).toBe(before + 1)
    expect(await verify(world, project)).toMatchObject({ intact: true, events: 2 })
  })

  test('the key and the state are there for those who may see them', async () => {
    const project = await world.makeProject()
    const [viewer, admin] = [await world.as('viewer', project), await world.as('admin', project)]
    const url = `/api/v1/projects/${project}/events`
    await world.kernel.sequencer.flush()
    await world.kernel.checkpoints.write({ all: true })
    expect((await viewer.call('POST', `${url}/verify`, {})).status).toBe(403)
    const report = await admin.call('POST', `${url}/verify`, {})
    expect([report.status, report.json.intact]).toEqual([200, true])
    const state = await viewer.call('GET', `${url}/chain`)
    expect(state.json).toMatchObject({
      seq: report.json.seq,
      verified: { seq: report.json.seq, problems: 0, at: world.time.now },
      checkpoint: { keyId: world.kernel.signingKey.keyId },
    })
    expect((await admin.call('GET', '/api/v1/signing-key')).status).toBe(403)
    const key = await (await world.as('instance-admin')).call('GET', '/api/v1/signing-key')
    expect(key.json.publicKey).toMatch(/^-----BEGIN PUBLIC KEY-----/)
    expect(key.json.keyId).toBe(world.kernel.signingKey.keyId)
    expect(key.text).not.toContain('PRIVATE')
    expect((await stat(join(world.kernel.config.data, 'signing-key.pem'))).mode & 0o777).toBe(0o600)
  })
})

test('several servers that number in turn keep one chain', async () => {
  const database = await createPostgresDatabase()
  const one = await createWorld({ databaseUrl: database.url })
  // Another data directory with a key of its own, and the same object store.
  const data = await mkdtemp(join(tmpdir(), 'trivium-replica-'))
  await symlink(join(one.kernel.config.data, 'blobs'), join(data, 'blobs'))
  const two = await createWorld({ databaseUrl: database.url, data })
  try {
    const project = await one.makeProject()
    for (let round = 0; round < 5; round += 1) {
      await Promise.all(Array.from({ length: 40 }, (_, n) => append(n % 2 === 0 ? one : two, project, n)))
      // The one who held the lock goes; whoever is left goes on.
      const third = startSequencer({ db: two.kernel.db })
      await Promise.all([third.flush(), one.kernel.sequencer.flush(), two.kernel.sequencer.flush()])
      await third.stop()
    }
    await Promise.all([sealBacklog(one.kernel.db), sealBacklog(two.kernel.db)])
    await one.kernel.checkpoints.write({ all: true })
    await append(two, project, 1)
    await two.kernel.sequencer.flush()
    await two.kernel.checkpoints.write({ all: true })
    const report = await verify(one, project)
    expect([report.problems, report.events]).toEqual([[], 202])
    // The newest checkpoint is signed with the key of the other one, which this one knows from the database.
    expect(report.checkpoint?.keyId).toBe(two.kernel.signingKey.keyId)
    expect(await verify(two, project)).toMatchObject({ intact: true })
  } finally {
    await two.close()
    await rm(data, { recursive: true })
    await one.close()
    await database.drop()
  }
}, 60_000)

test('a second place keeps every checkpoint, and finds what was cut off with the data directory', async () => {
  const secondPlace = await mkdtemp(join(tmpdir(), 'trivium-second-'))
  const world = await createWorld({ configuration: { checkpointDirectory: secondPlace } })
  try {
    const project = await world.makeProject()
    await fill(world, project, 4)
    await world.kernel.checkpoints.write({ all: true })
    await fill(world, project, 4, 10)
    await world.kernel.checkpoints.write({ all: true })
    expect(await readdir(join(secondPlace, project))).toHaveLength(2)
    const batches = await batchesOf(world, project)
    const keep = batches[1] as EventBatchTable
    await tamper(world, async (run) => {
      await run(sql`delete from event where project_id = ${project} and seq > ${keep.last_seq}`)
      await run(sql`delete from event_batch where project_id = ${project} and number > 2`)
      await run(sql`delete from event_checkpoint where project_id = ${project}`)
      await run(
        sql`update event_chain set batches = 2, last_seq = ${keep.last_seq}, digest = ${keep.digest} where project_id = ${project}`,
      )
    })
    await rm(join(world.kernel.config.data, 'checkpoints'), { recursive: true })
    expect((await verify(world, project)).problems).toMatchObject([{ kind: 'truncated', seq: keep.last_seq + 1 }])
  } finally {
    await world.close()
    await rm(secondPlace, { recursive: true, force: true })
  }
})

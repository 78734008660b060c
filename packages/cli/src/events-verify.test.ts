import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { spawnTrivium, type StartedServer, startServer } from './testing/started-server.ts'

describe('events on the command line', () => {
  let server: StartedServer
  let stopped: string
  const trivium = (args: readonly string[]) => server.trivium(args)
  beforeAll(async () => {
    server = await startServer()
    stopped = await mkdtemp(join(tmpdir(), 'trivium-stopped-'))
    for (const name of ['delays', 'fares']) await trivium(['project', 'create', name])
    await trivium(['people', 'add', 'ada', '--role', 'viewer', '--project', 'delays'])
    await trivium(['token', 'create', 'notebook', '--project', 'delays'])
  }, 60_000)
  afterAll(async () => {
    await server.stop()
    await rm(stopped, { recursive: true, force: true })
  })

  test('are listed by name, person, kind, subject and time', async () => {
    const list = async (...more: string[]) =>
      (await trivium(['events', 'list', '--project', 'delays', '--json', ...more])).json.events.map(
        ({ name }: { name: string }) => name,
      )
    const all = await list()
    expect(all.at(-1)).toBe('project.created')
    expect(all).toContain('token.created')
    expect(await list('--name', 'project.created')).toEqual(['project.created'])
    expect(await list('--by', 'admin')).toEqual(all)
    expect(await list('--by', 'system:monitoring')).toEqual([])
    expect(await list('--kind', 'token')).toEqual(['token.created'])
    expect(await list('--subject', 'project/delays')).toEqual(['project.created'])
    expect(await list('--subject', '%')).toEqual([])
    expect(await list('--since', '1h')).toEqual(all)
    expect(await list('--until', '2020-01-01')).toEqual([])
    expect(await list('--limit', '1')).toEqual(all.slice(0, 1))
    const nobody = await trivium(['events', 'list', '--project', 'delays', '--by', 'nobody'])
    expect([nobody.code, nobody.err]).toEqual([1, expect.stringContaining('called "nobody"')])
    expect((await trivium(['events', 'list', '--since', 'yesterday'])).code).toBe(2)
  })

  test('are exported in the bytes that their digests are made of', async () => {
    const { out } = await trivium(['events', 'export', '--project', 'delays'])
    const lines = out.trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line).project)).toEqual(lines.map(() => 'delays'))
    const database = new DatabaseSync(join(server.data, 'trivium.sqlite'), { readOnly: true })
    const batches = database
      .prepare("select members from event_batch where project_id = 'delays' order by number")
      .all()
    database.close()
    const digests = batches.flatMap(({ members }) => String(members).trimEnd().split('\n')).map((l) => l.split(' ')[2])
    expect(lines.map((line) => createHash('sha256').update(line).digest('hex'))).toEqual(digests)
  })

  test('verify says how far everything is as it was sealed, for every project or one', async () => {
    const all = await trivium(['events', 'verify', '--json'])
    expect(all.json.intact).toBe(true)
    expect(all.json.reports.map(({ project }: { project: string }) => project)).toEqual(['default', 'delays', 'fares'])
    const one = await trivium(['events', 'verify', '--project', 'fares'])
    expect([one.code, one.out]).toEqual([
      0,
      // The first checkpoint is made some seconds after the start.
      expect.stringMatching(/^fares: 1 event as sealed, up to (\d+); (no checkpoint yet|signed up to \1 at .*)\.\n$/),
    ])
  })

  test('who was refused and who saw tokens is in the access log', async () => {
    const secret = (await trivium(['token', 'create', 'weak', '--project', 'delays', '--json'])).json.secret as string
    await server.trivium(['token', 'list', '--project', 'delays'])
    const refused = await server.trivium(['access-log', '--all-projects'], { env: { TRIVIUM_TOKEN: secret } })
    expect(refused.code).toBe(3)
    const log = async (...more: string[]) =>
      (await trivium(['access-log', '--project', 'delays', '--json', ...more])).json.entries.map(
        ({ what }: { what: string }) => what,
      )
    expect(await log()).toEqual(expect.arrayContaining(['tokens', 'secrets', 'export', 'ACCESS.FORBIDDEN']))
    expect(await log('--denied')).toEqual(['ACCESS.FORBIDDEN'])
    expect(await log('--reads', '--by', 'admin')).toContain('tokens')
    expect(await log('--since', '2100-01-01')).toEqual([])
    expect((await trivium(['access-log', '--project', 'delays'])).out).toContain('GET /api/v1/access-log')
    expect((await trivium(['access-log', '--all-projects', '--json'])).json.entries.length).toBeGreaterThan(3)
  })

  test('verify works on the directory of a stopped server, names the event that was changed, and ends with 1', async () => {
    const busy = await spawnTrivium(['events', 'verify', '--offline', '--data', server.data]).ended
    expect([busy.code, busy.err]).toEqual([1, expect.stringContaining('DATA.IN_USE')])
    server.child.kill('SIGTERM')
    await once(server.child, 'close')
    await cp(server.data, stopped, { recursive: true })
    expect(existsSync(join(stopped, 'checkpoints', 'delays.json'))).toBe(true)
    const offline = (...more: string[]) =>
      spawnTrivium(['events', 'verify', '--offline', '--data', stopped, ...more]).ended
    const good = await offline('--json')
    expect([good.code, good.json.intact]).toEqual([0, true])
    for (const report of good.json.reports) expect(report.checkpoint.seq).toBe(report.seq)

    const database = new DatabaseSync(join(stopped, 'trivium.sqlite'))
    const [row] = database
      .prepare("select id, seq from event where name = 'token.created' and project_id = 'delays'")
      .all()
    database.prepare('update event set "by" = \'somebody\' where id = ?').run(row?.['id'] as string)
    database.close()
    const bad = await offline('--project', 'delays')
    expect(bad.code).toBe(1)
    expect(bad.out).toContain(`${row?.['seq']}  ${row?.['id']}  changed`)
    expect(bad.err).toContain('The events of delays are not as they were sealed.')
    expect((await offline('--project', 'fares')).code).toBe(0)

    // All that the database knows of a project is gone; its signed file is not.
    const again = new DatabaseSync(join(stopped, 'trivium.sqlite'))
    for (const table of ['event', 'event_batch', 'event_chain', 'event_checkpoint'])
      again.exec(`delete from ${table} where project_id = 'fares'`)
    again.exec("delete from project where id = 'fares'")
    again.close()
    const gone = await offline('--json')
    const fares = gone.json.reports.find(({ project }: { project: string }) => project === 'fares')
    expect([gone.code, fares.problems[0].kind]).toEqual([1, 'truncated'])
  }, 60_000)
})

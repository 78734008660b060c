import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { GroupCommitWriter } from './group-commit-writer.ts'
import { NodeSqliteConnection } from './node-sqlite-dialect.ts'
import { ReaderThreads } from './reader-threads.ts'

let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'trivium-queues-'))
})
afterAll(() => rm(directory, { recursive: true, force: true }))

test('changes beyond the bound of the writer are refused with the seconds to wait, those before it are made', async () => {
  const raw = new DatabaseSync(join(directory, 'writer.sqlite'))
  raw.exec('create table made (n integer)')
  const writer = new GroupCommitWriter(new NodeSqliteConnection(raw), { mostWaiting: 3 })
  const work = async (): Promise<void> => raw.exec('insert into made values (1)')
  const answers = await Promise.allSettled(Array.from({ length: 5 }, () => writer.run(work)))
  expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected'])
  expect(answers[4]).toMatchObject({ reason: { code: 'DATABASE.BUSY', status: 503, details: { retryAfter: 2 } } })
  expect(raw.prepare('select count(*) as count from made').get()).toMatchObject({ count: 3 })
  await writer.run(work)
  await writer.idle()
  raw.close()
})

test('searches beyond the bound of the reader thread are refused, those before it are answered', async () => {
  new DatabaseSync(join(directory, 'reader.sqlite')).close()
  const threads = new ReaderThreads(join(directory, 'reader.sqlite'), { mostWaiting: 2 })
  const module = new URL('../../kernel/db/offloaded-reads.fixture.ts', import.meta.url)
  const answers = await Promise.allSettled(
    Array.from({ length: 4 }, () => threads.run({ module, name: 'nothing', input: {} })),
  )
  const codes = answers.map((one) => (one.status === 'rejected' ? (one.reason as { code?: string }).code : undefined))
  expect(codes.slice(2)).toEqual(['DATABASE.BUSY', 'DATABASE.BUSY'])
  // That the module has no such read is an answer: they got through.
  expect(codes.slice(0, 2)).toEqual([undefined, undefined])
  await threads.close()
})

test('a process that is told to stop ends although a statement inside the database does not', async () => {
  const path = join(directory, 'endless.sqlite')
  new DatabaseSync(path).close()
  const program = fileURLToPath(new URL('./stop-beside-endless-read.fixture.ts', import.meta.url))
  const said = await new Promise<{ out: string; signal: unknown }>((resolve) => {
    execFile(process.execPath, ['--conditions=trivium-source', program, path], { timeout: 60_000 }, (error, out) =>
      resolve({ out, signal: error?.signal }),
    )
  })
  // By its own hand, not by that of the test's time limit, which is SIGTERM.
  expect(said).toEqual({ out: 'closed', signal: 'SIGKILL' })
}, 90_000)

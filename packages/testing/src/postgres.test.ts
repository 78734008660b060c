import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { expect, test } from 'vitest'
import { createPostgresDatabase } from './postgres.ts'

test('every database is empty, its own, and gone after drop', async () => {
  const [one, two] = await Promise.all([createPostgresDatabase(), createPostgresDatabase()])
  await query(one.url, 'create table t (a int)')
  expect(await query(two.url, `select count(*)::int as n from pg_tables where tablename = 't'`)).toEqual([{ n: 0 }])
  expect(new URL(one.url).port).toBe(new URL(two.url).port)
  await Promise.all([one.drop(), two.drop()])
  await expect(query(one.url, 'select 1')).rejects.toThrow('does not exist')
})

test('drop ends connections that are still open', async () => {
  const database = await createPostgresDatabase()
  const client = new Client({ connectionString: database.url })
  const lost = new Promise((resolve) => client.on('error', resolve))
  await client.connect()
  await database.drop()
  expect(await lost).toMatchObject({ code: '57P01' })
})

test('a server ends and removes its data when the process that started it is killed', async () => {
  const script = `
    const { startPostgres } = await import(${JSON.stringify(new URL('./start-postgres.ts', import.meta.url).href)})
    const server = await startPostgres()
    const { Client } = await import('pg')
    const client = new Client({ connectionString: server.url })
    await client.connect()
    console.log(JSON.stringify({ url: server.url, ...(await client.query('show data_directory')).rows[0] }))
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--conditions=trivium-source', '--input-type=module', '-e', script], {
    cwd: dirname(import.meta.dirname),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const line = await new Promise<string>((resolve) => child.stdout.once('data', (chunk) => resolve(String(chunk))))
  const started = JSON.parse(line) as { url: string; data_directory: string }
  expect(existsSync(join(started.data_directory, '..'))).toBe(true)
  child.kill('SIGKILL')
  const deadline = Date.now() + 10_000
  while (existsSync(join(started.data_directory, '..')) && Date.now() < deadline) await sleep(20)
  expect(existsSync(join(started.data_directory, '..'))).toBe(false)
  await expect(query(started.url, 'select 1')).rejects.toThrow('ECONNREFUSED')
})

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url })
  try {
    await client.connect()
    return (await client.query(sql)).rows
  } finally {
    await client.end().catch(() => {})
  }
}

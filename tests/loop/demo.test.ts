import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { glob, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { Summary } from '../../examples/flight-delays/story.ts'

const program = join(import.meta.dirname, '../../examples/flight-delays/run.ts')
const trivium = join(import.meta.dirname, '../../packages/cli/bin/trivium')

/** Runs the demo as `npm run demo -- --yes` does, on a free port and an empty directory, reads its summary, and hands over what it left. */
async function runDemo(options: readonly string[], look?: (directory: string) => Promise<void>): Promise<Summary> {
  const directory = await mkdtemp(join(tmpdir(), 'trivium-demo-'))
  try {
    const file = join(directory, 'summary.json')
    const child = spawn(
      process.execPath,
      [
        '--conditions=trivium-source',
        program,
        '--yes',
        '--port',
        '0',
        '--data',
        join(directory, 'data'),
        '--summary',
        file,
        ...options,
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    )
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
    const code = await new Promise((resolve) => child.once('exit', resolve))
    if (code !== 0) throw new Error(`The demo ended with code ${String(code)}:\n${said.slice(-4000)}`)
    await look?.(directory)
    return JSON.parse(await readFile(file, 'utf8')) as Summary
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** The digest of every table but the list of migrations, which has the times of their runs, and of every content of a data directory, read without the program. */
async function digestsOf(data: string): Promise<Record<string, string>> {
  const digests: Record<string, string> = {}
  const database = new DatabaseSync(join(data, 'trivium.sqlite'), { readOnly: true })
  try {
    const tables = database
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'schema_migration'")
      .all()
    for (const { name } of tables) {
      const rows = database.prepare(`SELECT * FROM "${String(name)}"`)
      rows.setReadBigInts(true)
      const texts = rows.all().map((row) => JSON.stringify(row, asText))
      digests[String(name)] = createHash('sha256').update(texts.toSorted().join('\n')).digest('hex')
    }
  } finally {
    database.close()
  }
  for await (const file of glob('blobs/**', { cwd: data, withFileTypes: true })) {
    if (!file.isFile()) continue
    const path = join(file.parentPath, file.name)
    digests[path.slice(data.length)] = createHash('sha256')
      .update(await readFile(path))
      .digest('hex')
  }
  return digests
}

const asText = (_key: string, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value)

async function backUpAndRestore(directory: string): Promise<void> {
  const [data, backup, restored] = ['data', 'backup', 'restored'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ]
  const run = async (...words: string[]) => promisify(execFile)(trivium, words)
  await run('backup', backup, '--with-keys', '--data', data)
  await run('restore', backup, '--data', restored)
  const [before, after] = [await digestsOf(data), await digestsOf(restored)]
  expect(Object.keys(before).length).toBeGreaterThan(300)
  expect(after).toEqual(before)
}

const minutes = 60_000

describe('the loop on real flights', () => {
  test(
    'data change, an alert is raised, models are retrained, judged, approved or rejected, and released; a restored backup holds all of it',
    async () => {
      const summary = await runDemo([], backUpAndRestore)
      expect(summary.predictions).toBeGreaterThanOrEqual(100_000)
      expect(summary.singleRowRequests).toBeGreaterThanOrEqual(50_000)
      expect(summary.labels).toBeGreaterThan(summary.predictions * 0.99)
      expect(summary.modelVersions).toBeGreaterThanOrEqual(2)
      expect(summary.alerts).toBeGreaterThanOrEqual(1)
      expect(summary.retrainings).toBeGreaterThanOrEqual(1)
      expect(summary.rejectedChallengers).toBeGreaterThanOrEqual(1)
      expect(summary.approvals).toBe(summary.modelVersions - summary.rejectedChallengers)
      // Every retraining ended in a candidate; nothing was trained that nobody judged.
      expect(summary.modelVersions).toBe(summary.retrainings + 1)
    },
    15 * minutes,
  )

  test(
    'the same rows with their dates dealt out anew raise no alert and start no retraining',
    async () => {
      // How flights are asked about one by one is shown by the other story.
      const summary = await runDemo(['--permute', '1', '--batch-every', '1'])
      expect(summary.predictions).toBeGreaterThanOrEqual(100_000)
      expect(summary.alerts).toBe(0)
      expect(summary.retrainings).toBe(0)
      expect(summary.modelVersions).toBe(1)
    },
    15 * minutes,
  )
})

import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Summary } from '../../examples/flight-delays/story.ts'

const program = join(import.meta.dirname, '../../examples/flight-delays/run.ts')

/** Runs the demo as `npm run demo -- --yes` does, on a free port and an empty directory, and reads its summary. */
async function runDemo(options: readonly string[]): Promise<Summary> {
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
    return JSON.parse(await readFile(file, 'utf8')) as Summary
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

const minutes = 60_000

describe('the loop on real flights', () => {
  test(
    'data change, an alert is raised, models are retrained, judged, approved or rejected, and released',
    async () => {
      const summary = await runDemo([])
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
      const summary = await runDemo(['--permute', '1'])
      expect(summary.predictions).toBeGreaterThanOrEqual(100_000)
      expect(summary.alerts).toBe(0)
      expect(summary.retrainings).toBe(0)
      expect(summary.modelVersions).toBe(1)
    },
    15 * minutes,
  )
})

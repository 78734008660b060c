// `npm run bench -- import`: 5,000 runs with a million points of a real MLflow server, by REST and from its database.
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { freePort, interpreterOf, startServer } from '../support/peers.ts'
import { startTrivium } from '../support/trivium.ts'

/** `npm run bench -- import 500` for fewer. */
const runs = Number(process.argv[2] ?? 5000)
const keys = 10
const steps = 20
/** Seconds beyond the peer's own answering time. */
const bar = 60

interface Outcome {
  readonly runs: number
  readonly points: number
  readonly tookMs: number
  readonly sourceMs: number
  readonly report: { readonly verified: boolean }
}

const python = interpreterOf('mlflow')
if (!python) throw new Error('MLflow could not be installed here.')
const folder = await mkdtemp(join(tmpdir(), 'trivium-bench-import-'))
const database = join(folder, 'mlflow.db')
const artifacts = join(folder, 'artifacts')
const seed = [join(import.meta.dirname, 'seed.py'), database, artifacts, ...[runs, keys, steps].map(String)]
await promisify(execFile)(python, seed)
const port = await freePort()
const peer = await startServer({
  command: join(dirname(python), 'mlflow'),
  args: [
    'server',
    '--host',
    '127.0.0.1',
    '--port',
    String(port),
    '--workers',
    '1',
    '--backend-store-uri',
    `sqlite:///${database}`,
    '--artifacts-destination',
    artifacts,
  ],
  port,
  path: '/version',
  cwd: folder,
  env: {
    MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false',
    MLFLOW_DISABLE_TELEMETRY: 'true',
    PATH: `${dirname(python)}:${process.env['PATH'] ?? ''}`,
  },
})
let missed = false
try {
  for (const [name, source] of [
    ['REST', peer.url],
    ['database', database],
  ] as const) {
    const trivium = await startTrivium()
    try {
      const measure = async (what: string): Promise<void> => {
        const outcome = JSON.parse(await trivium.cli('--json', 'import', 'mlflow', source, '--no-files')) as Outcome
        const ours = (outcome.tookMs - outcome.sourceMs) / 1000
        if (!outcome.report.verified || ours > bar) missed = true
        console.log(
          `${name}, ${what}: ${outcome.runs} runs, ${outcome.points} points in ${(outcome.tookMs / 1000).toFixed(1)} s: MLflow ${(outcome.sourceMs / 1000).toFixed(1)} s, ours ${ours.toFixed(1)} s (bar ${bar}), ${outcome.report.verified ? 'the same on both sides' : 'NOT the same'}`,
        )
      }
      await measure('first')
      await measure('again')
    } finally {
      await trivium.stop()
    }
  }
} finally {
  await peer.stop()
  await rm(folder, { recursive: true, force: true })
}
process.exitCode = missed ? 1 : 0

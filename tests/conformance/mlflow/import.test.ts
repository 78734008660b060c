import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { promisify } from 'node:util'
import { loadConfig, type RunningServer, startServer } from '@trivium/server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { clientPython } from './client-python.ts'
import { mlflowEnvironment, type MlflowPeer, startMlflowPeer } from './mlflow-peer.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../../..')
/** The whole of MLflow with its server. */
const { python = '', problem } = await clientPython('mlflow-3')
const token = 'token-of-the-import-conformance-test'

/** Everything that MLflow's store holds of what came through; what it makes up itself (ids of datasets and inputs) is left out. */
const held = {
  experiments: 'experiment_id, name, artifact_location, lifecycle_stage, creation_time, last_update_time',
  experiment_tags: 'experiment_id, key, value',
  runs: 'run_uuid, name, user_id, status, start_time, end_time, lifecycle_stage, artifact_uri, experiment_id',
  metrics: 'run_uuid, key, value, timestamp, step, is_nan',
  latest_metrics: 'run_uuid, key, value, timestamp, step, is_nan',
  params: 'run_uuid, key, value',
  tags: 'run_uuid, key, value',
  datasets: 'experiment_id, name, digest, dataset_source_type, dataset_source, dataset_schema, dataset_profile',
  inputs: 'source_type, destination_type, destination_id, step',
  input_tags: 'name, value',
  logged_models: '*',
  logged_model_params: '*',
  logged_model_tags: '*',
  logged_model_metrics: 'model_id, metric_name, metric_timestamp_ms, metric_step, metric_value, experiment_id, run_id',
  registered_models: '*',
  registered_model_tags: '*',
  registered_model_aliases: '*',
  model_versions: '*',
  model_version_tags: '*',
}

function contentOf(path: string): Record<string, string[]> {
  const db = new DatabaseSync(path, { readOnly: true })
  const content = Object.fromEntries(
    Object.entries(held).map(([table, columns]) => [
      table,
      db
        .prepare(`select ${columns} from ${table}`)
        .all()
        .map((row) => JSON.stringify(row))
        .toSorted(),
    ]),
  )
  db.close()
  return content
}

const filesOf = (folder: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [relative(folder, path), createHash('sha256').update(readFileSync(path)).digest('hex')])
      .toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1)),
  )

describe.skipIf(problem)(`a real MLflow server, brought here and taken back${problem ? `: ${problem}` : ''}`, () => {
  let server: RunningServer
  let folder = ''
  let peer: MlflowPeer
  let first = ''
  const trivium = async (...args: string[]) => {
    const { stdout } = await run(
      process.execPath,
      ['--conditions=trivium-source', join(root, 'packages/cli/src/main.ts'), '--json', ...args],
      { env: { ...mlflowEnvironment, TRIVIUM_URL: server.url, TRIVIUM_TOKEN: token }, maxBuffer: 10_000_000 },
    )
    return JSON.parse(stdout) as any
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'trivium-import-'))
    const config = loadConfig({
      flags: { data: join(folder, 'data'), port: 0, adminToken: token, logLevel: 'error' },
      environment: {},
    })
    server = await startServer(config)
    peer = await startMlflowPeer(python, { folder, store: `sqlite:///${join(folder, 'mlflow.db')}` })
    first = (await peer.facts('import_seed.py', peer.url))['run'] as string
  }, 600_000)
  afterAll(async () => {
    await peer?.stop()
    await server?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  test('an import by REST brings everything, the same again brings nothing, and what is new comes', async () => {
    const { report } = await trivium('import', 'mlflow', peer.url)
    expect(report).toMatchObject({ verified: true, skipped: [], models: 1, versions: 2, loggedModels: 1 })
    expect(
      report.experiments.map((one: any) => [one.name, one.sourceId === one.id, one.here.runs, one.same]).toSorted(),
    ).toEqual([
      ['Default', true, 0, true],
      ['delays', true, 3, true],
      ['gone', true, 1, true],
    ])
    const again = await trivium('import', 'mlflow', peer.url)
    expect([again.runs, again.report.unchangedRuns, again.report.files]).toEqual([0, 4, 0])
    await fetch(`${peer.url}/api/2.0/mlflow/runs/log-metric`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ run_id: first, key: 'loss', value: 0.25, timestamp: 5000, step: 60 }),
    })
    const more = await trivium('import', 'mlflow', peer.url)
    expect([more.runs, more.report.verified, more.report.unchangedRuns]).toEqual([1, true, 3])
  }, 300_000)

  test('the database behind the server, read without it, has the same content to the last digest', async () => {
    const { report } = await trivium(
      'import',
      'mlflow',
      join(folder, 'mlflow.db'),
      '--artifacts',
      join(folder, 'mlartifacts'),
    )
    expect(report).toMatchObject({ verified: true, skipped: [], files: 0 })
  }, 120_000)

  test('the way back loses nothing: every table and every file of the new store is that of the old one', async () => {
    const out = join(folder, 'out')
    const done = await trivium('export', 'mlflow', out, '--python', python)
    expect(done.skipped).toEqual([])
    const path = join(out, 'mlflow.db')
    const [before, after] = [contentOf(join(folder, 'mlflow.db')), contentOf(path)]
    for (const table of Object.keys(held)) expect([table, after[table]]).toEqual([table, before[table]])
    expect(filesOf(join(out, 'mlartifacts'))).toEqual(filesOf(join(folder, 'mlartifacts')))
    expect(await peer.facts('import_read.py', path, first)).toEqual({
      name: 'first',
      points: 51,
      version: 1,
      depth: '3',
    })
  }, 300_000)
})

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { getRunSources, searchRuns } from '@trivium/contract'
import { createClient } from '@trivium/sdk'
import { loadConfig, startServer } from '@trivium/server'
import { expect, test } from 'vitest'

const run = promisify(execFile)
const token = 'token-of-the-notebook-conformance-test'
const root = join(import.meta.dirname, '../../..')
const program = join(root, 'packages/cli/src/main.ts')
const lock = join(root, 'python/requirements.txt')

/** Cells as somebody types them: MLflow is imported and a run begun in one cell, which is the case that is easy to miss. */
const cells = [
  'rate = 0.1\nprint(rate)',
  'import mlflow\nwith mlflow.start_run(run_name="from a notebook"):\n    mlflow.log_param("rate", rate)',
  'rate = 0.2',
  'with mlflow.start_run(run_name="failing"):\n    raise ValueError("too fast")',
]

/** Cells with their tags, of which a step is made. */
const stepCells = [
  ['depth = 3\nrate = 0.5', 'parameters'],
  ['!true\nfrom statistics import mean'],
  ["table = 'table.csv'", 'skip'],
  ['rows = [float(one) for one in open(table)]\nrows'],
  ['def error(values):\n    return mean(abs(one - rate) for one in values)\n\nscore = error(rows) / depth'],
  ['print(score)', 'skip'],
] as const

test('a kernel that trivium notebook has made logs to the server, on the packages of the lock, and each run keeps the cells until its end; a step made of cells gives what they gave', async () => {
  const data = await mkdtemp(join(tmpdir(), 'trivium-notebook-'))
  const server = await startServer(
    loadConfig({ flags: { data, port: 0, adminToken: token, logLevel: 'error' }, environment: {} }),
  )
  try {
    const digest = createHash('sha256')
      .update(await readFile(lock))
      .digest('hex')
    // The environment of this lock is there already; JupyterLab's own is built from its locked list.
    await writeFile(join(data, 'environments.json'), JSON.stringify({ [digest]: join(root, '.venv/bin/python') }))
    const env = {
      ...process.env,
      TRIVIUM_URL: server.url,
      TRIVIUM_TOKEN: token,
      TRIVIUM_DATA: data,
      XDG_CACHE_HOME: join(root, '.cache/notebook'),
    }
    const prepared = await run(
      process.execPath,
      ['--conditions=trivium-source', program, 'notebook', data, '--lock', lock, '--prepare', '--json'],
      { env },
    )
    const start = JSON.parse(prepared.stdout) as { program: string; variables: Record<string, string> }
    expect(prepared.stdout).not.toContain(token)
    const executed = await run(start.program, [join(import.meta.dirname, 'run_notebook.py'), JSON.stringify(cells)], {
      env: {
        ...env,
        ...start.variables,
        MLFLOW_TRACKING_TOKEN: token,
        JPY_SESSION_NAME: 'flights/late.ipynb',
        MLFLOW_DISABLE_TELEMETRY: 'true',
        GIT_PYTHON_REFRESH: 'quiet',
      },
      cwd: data,
    })
    expect((JSON.parse(executed.stdout.trim().split('\n').at(-1) ?? '[]') as string[])[0]).toBe('0.1\n')
    const client = createClient({ baseUrl: server.url, token })
    const { runs } = await client.call(searchRuns, {
      params: { project: 'default' },
      query: { order_by: 'start_time' },
    })
    expect(runs.map(({ name, status }) => [name, status])).toEqual([
      ['from a notebook', 'FINISHED'],
      ['failing', 'FAILED'],
    ])
    expect(runs[0]?.tags).toMatchObject({ 'mlflow.source.type': 'NOTEBOOK', 'mlflow.source.name': 'late.ipynb' })
    const sourcesOf = (at: number) =>
      client.call(getRunSources, { params: { project: 'default', run: runs[at]?.id ?? '' } })
    const first = await sourcesOf(0)
    expect(first.cells).toEqual([
      { number: 1, source: cells[0], failed: false },
      { number: 2, source: cells[1], failed: false },
    ])
    expect(first.packages?.['mlflow-skinny'] ?? first.packages?.['mlflow']).toMatch(/^\d+\./)
    expect(first.packages).not.toHaveProperty('jupyterlab')
    expect(runs[0]?.tags).not.toHaveProperty(['mlflow.source.git.commit'])
    // What the kernel has run is run again as a step that was made of the same cells.
    const list = stepCells.map(([source, ...tags], at) => {
      return { cell_type: 'code', id: `c${at}`, source, metadata: { tags }, outputs: [], execution_count: null }
    })
    const notebook = { nbformat: 4, nbformat_minor: 5, metadata: {}, cells: list }
    await writeFile(join(data, 'late.ipynb'), JSON.stringify(notebook))
    await writeFile(join(data, 'table.csv'), '1\n2\n4\n')
    const inKernel = await run(
      start.program,
      [join(import.meta.dirname, 'run_notebook.py'), JSON.stringify(stepCells.map(([source]) => source))],
      { env: { ...env, ...start.variables, MLFLOW_TRACKING_TOKEN: token }, cwd: data },
    )
    const outputs = JSON.parse(inKernel.stdout.trim().split('\n').at(-1) ?? '[]') as string[]
    const cli = [
      '--conditions=trivium-source',
      program,
      'notebook',
      'step',
      join(data, 'late.ipynb'),
      '--output',
      'score',
    ]
    await run(process.execPath, cli, { env })
    const call = "from late import late; print(late(table='table.csv')['score'])"
    const asStep = await run(join(root, '.venv/bin/python'), ['-c', call], { cwd: data })
    expect(asStep.stdout).toMatch(/^0\.\d+\n$/)
    expect(outputs.at(-1)).toBe(asStep.stdout)
    expect((await sourcesOf(1)).cells?.map(({ number, failed }) => [number, failed])).toEqual([
      [1, false],
      [2, false],
      [3, false],
      [4, true],
    ])
  } finally {
    await server.stop()
    await rm(data, { recursive: true, force: true })
  }
}, 300_000)

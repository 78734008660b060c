import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { type ServerProcess, spawnServer } from '@trivium/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'

const root = join(import.meta.dirname, '../../..')
const runProgram = promisify(execFile)

let folder: string
let tarball: string
let program: string
let server: ServerProcess | undefined

const send = async (method: string, path: string, body?: unknown): Promise<any> => {
  const raw = body instanceof Uint8Array
  const response = await fetch(`${server?.url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${server?.token}`,
      ...(body === undefined ? {} : { 'content-type': raw ? 'application/octet-stream' : 'application/json' }),
    },
    ...(body === undefined ? {} : { body: raw ? Buffer.from(body) : JSON.stringify(body) }),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`)
  return text === '' ? undefined : JSON.parse(text)
}

async function pack(into: string): Promise<{ file: string; digest: string; bytes: number; unpackedSize: number }> {
  const { stdout } = await runProgram(process.execPath, [join(root, 'scripts/pack.mjs'), into], { cwd: root })
  return JSON.parse(stdout)
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trivium-install-'))
  const packed = await pack(join(folder, 'first'))
  tarball = packed.file
  console.log(`packed: ${Math.round(packed.bytes / 1e6)} MB, unpacked ${Math.round(packed.unpackedSize / 1e6)} MB`)
  const app = join(folder, 'app')
  await mkdir(app)
  // Nothing of what was installed on this machine before helps: an empty folder, an empty cache, no settings of ours.
  const began = Date.now()
  await runProgram(
    'npm',
    ['install', '--prefix', app, '--cache', join(folder, 'cache'), '--no-audit', '--no-fund', tarball],
    {
      cwd: folder,
    },
  )
  console.log(`installed in ${Math.round((Date.now() - began) / 1000)} s`)
  program = join(app, 'node_modules/.bin/trivium')
}, 600_000)

afterAll(async () => {
  await server?.kill('SIGTERM')
  await rm(folder, { recursive: true, force: true })
})

test('the same sources are packed into the same bytes, and nothing but the program is in it', async () => {
  const again = await pack(join(folder, 'second'))
  const digest = createHash('sha256')
    .update(await readFile(tarball))
    .digest('hex')
  expect(again.digest).toBe(digest)
  const installed = join(folder, 'app/node_modules/trivium')
  const files = await readdir(installed, { recursive: true })
  const ours = files.filter((file) => !file.startsWith('node_modules'))
  expect(ours).toContain('packages/web/dist/index.html')
  expect(ours).toContain('python/requirements.txt')
  expect(ours.filter((file) => /\.test\.|\.fixture\.|\.tsx?$|(^|\/)testing(\/|$)/.test(file))).toEqual([])
  const shrinkwrap = JSON.parse(await readFile(join(installed, 'npm-shrinkwrap.json'), 'utf8')) as {
    packages: Record<string, { integrity?: string; inBundle?: boolean; hasInstallScript?: boolean }>
  }
  const locked = Object.entries(shrinkwrap.packages).filter(([path]) => path !== '')
  expect(locked.length).toBeGreaterThan(50)
  expect(locked.filter(([, one]) => !one.inBundle && !one.integrity?.startsWith('sha512-'))).toEqual([])
  expect(locked.filter(([, one]) => one.hasInstallScript)).toEqual([])
})

test('the installed program serves the UI, deploys a model and predicts', async () => {
  server = await spawnServer({ data: join(folder, 'data'), program })
  const page = await fetch(`${server.url}/`)
  const html = await page.text()
  const script = /src="(\/assets\/[^"]+\.js)"/.exec(html)?.[1]
  expect((await fetch(`${server.url}${script}`)).headers.get('content-type')).toContain('javascript')
  const { run } = await send('POST', '/api/2.0/mlflow/runs/create', { experiment_id: '0', start_time: 1 })
  const id: string = run.info.run_id
  const model = await readFile(join(root, 'packages/server/src/drivers/onnx/fixtures/columns.onnx'))
  await send('PUT', `/api/2.0/mlflow-artifacts/artifacts/0/${id}/artifacts/model/model.onnx`, new Uint8Array(model))
  await send('POST', '/api/2.0/mlflow/registered-models/create', { name: 'late' })
  await send('POST', '/api/2.0/mlflow/model-versions/create', { name: 'late', source: `runs:/${id}/model`, run_id: id })
  await send('POST', '/api/v1/projects/default/deployments', { name: 'late', model: 'late/1' })
  const inputs = { origin: 'ORD', distance: 900, hour: 8, recent_delay: 3 }
  const answer = await send('POST', '/deployments/late/predict', { id: 'p1', inputs })
  expect(answer.predictions).toMatchObject([{ id: 'p1' }])
})

test('a step runs in a Python environment that the installed program made from a hashed lock', async () => {
  const code = join(folder, 'pipeline')
  await mkdir(code)
  await copyFile(join(root, 'python/requirements-uv.txt'), join(code, 'requirements.txt'))
  await writeFile(join(code, 'look.py'), 'import uv\n\n\ndef look():\n    return uv.find_uv_bin()\n')
  await writeFile(
    join(code, 'pipeline.yaml'),
    'name: look\nenvironment: { lock: requirements.txt }\ncode: [look.py]\nsteps:\n  look:\n    run: look:look\n    out: { where: value }\n',
  )
  const env = { ...process.env, TRIVIUM_URL: server?.url ?? '', TRIVIUM_TOKEN: server?.token ?? '' }
  const { stdout } = await runProgram(program, ['run', join(code, 'pipeline.yaml'), '--wait', '--json'], { env })
  expect(stdout).toContain('finished')
}, 300_000)

test('an older Node is told what to do', async () => {
  const bin = join(folder, 'old')
  await mkdir(bin)
  await writeFile(join(bin, 'node'), '#!/bin/sh\necho 20.20.2\n', { mode: 0o755 })
  const path = [bin, '/usr/bin', '/bin', dirname(process.execPath)].join(delimiter)
  const failed = await runProgram(program, ['--version'], { env: { ...process.env, PATH: path } }).catch(
    (error) => error,
  )
  expect(failed.code).toBe(1)
  expect(failed.stderr).toContain('trivium needs Node 24 or newer, and this is 20.20.2')
})

// A large artifact up and down, beside the plainest copy of a file over HTTP: `npm run bench -- artifacts [MiB]`.
import { execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { type IncomingMessage, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { pipeline } from 'node:stream/promises'
import { Writable } from 'node:stream'
import { median, show } from '../support/figures.ts'
import { memoryOf } from '../support/memory.ts'
import { createReport } from '../support/report.ts'
import { startTrivium } from '../support/trivium.ts'

const mib = Number(process.argv[2] ?? 1024)
const rounds = Number(process.argv[3] ?? 3)
const size = mib * 2 ** 20
const folder = await mkdtemp(join(tmpdir(), 'trivium-bench-artifacts-'))
const source = join(folder, 'source.bin')
const file = await open(source, 'w')
for (let i = 0; i < mib; i += 1) await file.write(randomBytes(1 << 20))
await file.close()

const report = createReport('artifacts', `An artifact of ${mib} MiB up and down`)
const copy = spawn(process.execPath, [join(import.meta.dirname, 'copy-server.ts'), join(folder, 'copied.bin')], {
  stdio: ['ignore', 'pipe', 'inherit'],
})
const [port] = (await once(copy.stdout, 'data')) as [Buffer]
const plain = `http://127.0.0.1:${String(port).trim()}/file`
const trivium = await startTrivium()
const headers = { authorization: `Bearer ${trivium.token}` }
const made = await fetch(`${trivium.url}/api/2.0/mlflow/runs/create`, {
  method: 'POST',
  headers: { ...headers, 'content-type': 'application/json' },
  body: JSON.stringify({ experiment_id: '0', start_time: 1 }),
})
const { run } = (await made.json()) as { run: { info: { run_id: string } } }
const artifact = `${trivium.url}/api/2.0/mlflow-artifacts/artifacts/0/${run.info.run_id}/artifacts/big.bin`

const transfer = async (method: 'PUT' | 'GET', url: string): Promise<number> => {
  // What the transfer before this one left to be written is not its time.
  execFileSync('sync')
  const began = performance.now()
  const more = method === 'PUT' ? { 'content-length': String(size), 'content-type': 'application/octet-stream' } : {}
  const call = request(url, { method, headers: { ...headers, ...more } })
  const answered = once(call, 'response')
  if (method === 'PUT') await pipeline(createReadStream(source, { highWaterMark: 1 << 18 }), call)
  else call.end()
  const [answer] = (await answered) as [IncomingMessage]
  let bytes = 0
  await pipeline(answer, new Writable({ write: (chunk: Buffer, _encoding, done) => ((bytes += chunk.length), done()) }))
  if (answer.statusCode !== 200 || (method === 'GET' && bytes !== size))
    throw new Error(`${method} answered ${answer.statusCode} with ${bytes} bytes.`)
  return mib / ((performance.now() - began) / 1000)
}
/** Runs work and returns what it found, with the most memory above rest that the whole family of processes had meanwhile. */
const watched = async <T>(work: () => Promise<T>): Promise<{ found: T; above: number }> => {
  const rest = memoryOf(trivium.pid).pss
  let most = rest
  const timer = setInterval(() => (most = Math.max(most, memoryOf(trivium.pid).pss)), 100)
  try {
    return { found: await work(), above: most - rest }
  } finally {
    clearInterval(timer)
  }
}

// A small one first, so that what is loaded once is at rest.
await fetch(artifact.replace('big.bin', 'small.txt'), { method: 'PUT', headers, body: 'x' })
const rows: { way: string; plain: number[]; trivium: number[]; above: number[] }[] = [
  { way: 'up', plain: [], trivium: [], above: [] },
  { way: 'down', plain: [], trivium: [], above: [] },
]
for (let round = 0; round < rounds; round += 1)
  for (const [index, method] of (['PUT', 'GET'] as const).entries()) {
    const row = rows[index]
    if (!row) continue
    row.plain.push(await transfer(method, plain))
    const { found, above } = await watched(() => transfer(method, artifact))
    row.trivium.push(found)
    row.above.push(above)
  }
const parts = await watched(async () => {
  const began = performance.now()
  await trivium.cli('artifacts', 'put', run.info.run_id, source, '--path', 'parts.bin')
  return mib / ((performance.now() - began) / 1000)
})
report.table(
  'MiB/s, and memory above rest',
  ['way', 'plain copy', 'Trivium', 'ratio', 'most memory above rest, MiB'],
  [
    ...rows.map((row) => [
      row.way,
      show(median(row.plain)),
      show(median(row.trivium)),
      show(median(row.trivium) / median(row.plain)),
      show(Math.max(...row.above)),
    ]),
    [
      'up in parts (`trivium artifacts put`, with hashing the file first)',
      '',
      show(parts.found),
      '',
      show(parts.above),
    ],
  ],
)
for (const row of rows) {
  report.atLeast(`${row.way}, over a plain copy`, median(row.trivium) / median(row.plain), 0.8)
  report.atMost(`memory above rest, ${row.way}`, Math.max(...row.above), 50, 'MiB')
}
report.atMost('memory above rest, up in parts', parts.above, 50, 'MiB')
report.write()
await trivium.stop()
copy.kill()
await rm(folder, { recursive: true, force: true })

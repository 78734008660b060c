import { spawnSync } from 'node:child_process'
import { closeSync, openSync, writeSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ServerProcess, spawnServer } from '@trivium/testing'
import { describe, expect, test } from 'vitest'

const full = process.env['CHAOS_FULL'] === '1'
const token = 'token-of-the-disk-test-0123456789'
const at = '/api/v1/projects/default'
const trivium = join(import.meta.dirname, '../../packages/cli/bin/trivium')
/** A namespace of mounts of its own, in which a small disk may be made without root. */
const unshare = ['unshare', '--user', '--map-root-user', '--mount']
const maySmall =
  spawnSync(unshare[0] as string, [...unshare.slice(1), 'sh', '-c', 'mount -t tmpfs tmpfs /mnt']).status === 0

describe.runIf(full && maySmall)('a server whose disk is full', () => {
  test('refuses with 507 and says so, keeps what it acknowledged, answers reads, and goes on by itself once there is space', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'trivium-disk-'))
    const data = join(directory, 'data')
    await mkdir(data)
    const program = join(directory, 'trivium-on-a-small-disk')
    await writeFile(
      program,
      `#!/bin/sh\nexec ${unshare.join(' ')} sh -c 'mount -t tmpfs -o size=96m tmpfs "${data}" && exec "${trivium}" "$@"' sh "$@"\n`,
    )
    await chmod(program, 0o700)
    let server: ServerProcess | undefined
    try {
      server = await spawnServer({
        data,
        program,
        settings: { TRIVIUM_ADMIN_TOKEN: token, TRIVIUM_LOG_LEVEL: 'silent', TRIVIUM_CODE_EXECUTION: 'uncontained' },
      })
      const { url, pid } = server
      const send = (method: string, path: string, body?: unknown) => sendTo(url, method, path, body)
      const made = await send('POST', '/api/2.0/mlflow/runs/create', { experiment_id: '0' })
      const run = JSON.parse(made.text).run.info.run_id as string
      const view = `${at}/feature-views/recent`
      const defined = await send('PUT', view, {
        keys: ['origin'],
        columns: { delay: 'number' },
        features: { delays: 'sum(delay)', arrivals: 'count(*)' },
        window: '6h',
      })
      expect([made.status, defined.status]).toEqual([200, 200])

      const kept = { metric: [] as number[], artifact: [] as number[], dataset: [] as number[], row: [] as number[] }
      const start = Date.UTC(2001, 0, 10)
      const artifact = (n: number) => `/api/2.0/mlflow-artifacts/artifacts/0/${run}/artifacts/file-${n}.txt`
      const contentOf = (n: number) => `content ${n} `.repeat(20_000)
      const writes: Record<keyof typeof kept, (n: number) => Promise<{ status: number; text: string }>> = {
        metric: (n) =>
          send('POST', '/api/2.0/mlflow/runs/log-batch', {
            run_id: run,
            metrics: Array.from({ length: 200 }, (_, i) => ({ key: `k${i}`, value: n, timestamp: n, step: n })),
          }),
        artifact: (n) => send('PUT', artifact(n), contentOf(n)),
        dataset: (n) => send('POST', `${at}/datasets/rows-${n}/versions?format=csv`, `id,n\n1,${n}\n2,${n}\n`),
        row: (n) =>
          send('POST', `${view}/rows`, {
            rows: [{ id: `r${n}`, key: { origin: 'ORD' }, eventTime: start + n, values: { delay: 1 } }],
          }),
      }
      const seen = new Map<string, string>()
      const writeAll = async (n: number): Promise<number[]> => {
        const statuses = []
        for (const [kind, write] of Object.entries(writes)) {
          const { status, text } = await write(n)
          statuses.push(status)
          if (status === 200) kept[kind as keyof typeof kept].push(n)
          else seen.set(`${kind} ${status}`, text)
        }
        return statuses
      }
      expect(await writeAll(1)).toEqual([200, 200, 200, 200])

      const seenFromHere = `/proc/${pid}/root${data}`
      fill(join(seenFromHere, 'filler'))
      for (let n = 2; n < 14; n += 1) await writeAll(n)
      expect(seen.size).toBeGreaterThanOrEqual(4)
      // Nothing is answered as if it were the caller's mistake, or ours.
      for (const [what, text] of seen) {
        expect(what).toMatch(/ (507|503)$/)
        expect(text, what).toMatch(/disk|space/i)
      }
      const [health, read] = [await send('GET', '/healthz'), await send('GET', artifact(1))]
      expect([health.status, read.status, read.text === contentOf(1)]).toEqual([200, 200, true])

      await rm(join(seenFromHere, 'filler'))
      await expect.poll(() => writeAll(20), { timeout: 30_000, interval: 1000 }).toEqual([200, 200, 200, 200])
      for (let n = 21; n < 25; n += 1) expect(await writeAll(n)).toEqual([200, 200, 200, 200])

      const history = await send(
        'GET',
        `/api/2.0/mlflow/metrics/get-history?run_id=${run}&metric_key=k199&max_results=25000`,
      )
      const steps = new Set((JSON.parse(history.text).metrics as { step: string }[]).map((point) => Number(point.step)))
      expect(kept.metric.filter((n) => !steps.has(n))).toEqual([])
      for (const n of kept.artifact) expect((await send('GET', artifact(n))).text).toBe(contentOf(n))
      for (const n of kept.dataset)
        expect((await send('GET', `${at}/datasets/rows-${n}/versions/1/rows`)).text).toContain(`${n}`)
      await expect
        .poll(async () => (await send('POST', `${view}/parity`, { sample: 100 })).text, { timeout: 30_000 })
        .toContain('"different":0')
      expect((await send('POST', `${at}/events/verify`)).text).toContain('"intact":true')
    } finally {
      await server?.kill('SIGTERM')
      await rm(directory, { recursive: true, force: true })
    }
  }, 180_000)
})

/** Writes a file until nothing more fits. */
function fill(path: string): void {
  const file = openSync(path, 'wx')
  try {
    for (const bytes of [1 << 20, 4096, 1]) {
      const zeros = new Uint8Array(bytes)
      for (let wrote = bytes; wrote === bytes; ) wrote = tryWrite(file, zeros)
    }
  } finally {
    closeSync(file)
  }
}

function tryWrite(file: number, bytes: Uint8Array): number {
  try {
    return writeSync(file, bytes)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return 0
    throw error
  }
}

async function sendTo(
  url: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; text: string }> {
  const answer = await fetch(`${url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined
        ? {}
        : { 'content-type': typeof body === 'string' ? 'application/octet-stream' : 'application/json' }),
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    signal: AbortSignal.timeout(30_000),
  })
  return { status: answer.status, text: await answer.text() }
}

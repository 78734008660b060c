import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { spawnServer } from '@trivium/testing'
import { median, quantile } from '../support/figures.ts'
import { onExit } from '../support/on-exit.ts'

/** The token that a world of a test begins with. */
const token = 'admin-token-of-a-test-world-0000'

export interface Registrations {
  readonly offered: number
  readonly answered: number
  readonly refused: number
  readonly p50: number
  readonly p99: number
  readonly longest: number
  /** Of the last tenth: whether it becomes slower. */
  readonly lastP99: number
  readonly bytesBefore: number
  readonly bytesAfter: number
}

/** Offers registrations at a rate to `trivium up` on a data directory, whether the ones before were answered or not; each is a version of one of many models. */
export async function measureRegistrations(
  data: string,
  { perSecond, seconds, models }: { perSecond: number; seconds: number; models: number },
): Promise<Registrations> {
  const server = await spawnServer({
    data,
    settings: { TRIVIUM_ADMIN_TOKEN: token },
    flags: ['--port', '0', '--inference-port', '0'],
  })
  const forget = onExit(() => void process.kill(server.pid, 'SIGTERM'))
  try {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const call = async (method: string, path: string, body: string | Uint8Array<ArrayBuffer>) => {
      const answer = await fetch(`${server.url}${path}`, { method, headers, body })
      return { status: answer.status, text: await answer.text() }
    }
    const made = await call(
      'POST',
      '/api/2.0/mlflow/runs/create',
      JSON.stringify({ experiment_id: '0', start_time: 1, run_name: 'trained' }),
    )
    const run = (JSON.parse(made.text) as { run: { info: { run_id: string } } }).run.info.run_id
    for (const [path, size] of [
      ['MLmodel', 0],
      ['model.onnx', 90_000],
    ] as const) {
      const content =
        path === 'MLmodel' ? new TextEncoder().encode('flavors:\n  onnx: {data: model.onnx}\n') : new Uint8Array(size)
      const put = await call('PUT', `/api/2.0/mlflow-artifacts/artifacts/0/${run}/artifacts/model/${path}`, content)
      if (put.status !== 200) throw new Error(put.text)
    }
    const bytesBefore = databaseBytes(data)
    const body = JSON.stringify({ run, path: 'model', tags: { team: 'bench' } })
    const took: number[] = []
    let refused = 0
    const began = performance.now()
    const all: Promise<void>[] = []
    const total = Math.round(perSecond * seconds)
    for (let i = 0; i < total; i += 1) {
      const due = began + (i * 1000) / perSecond
      const wait = due - performance.now()
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait))
      // From when it was due: a server that falls behind does not hide it.
      all.push(
        call('POST', `/api/v1/projects/default/models/trained-${i % models}/versions`, body).then(({ status }) => {
          if (status === 201) took.push(performance.now() - due)
          else refused += 1
        }),
      )
      if (all.length > 1000) await Promise.all(all.splice(0, 500))
    }
    await Promise.all(all)
    const tail = took.slice(Math.floor(took.length * 0.9))
    return {
      offered: total,
      answered: took.length,
      refused,
      p50: median(took),
      p99: quantile(took, 0.99),
      longest: took.reduce((most, one) => Math.max(most, one), 0),
      lastP99: quantile(tail, 0.99),
      bytesBefore,
      bytesAfter: databaseBytes(data),
    }
  } finally {
    forget()
    await server.kill('SIGTERM')
  }
}

/** The database with what it has not taken over from its log yet. */
function databaseBytes(data: string): number {
  return readdirSync(data)
    .filter((name) => name.startsWith('trivium.sqlite'))
    .reduce((sum, name) => sum + statSync(join(data, name)).size, 0)
}

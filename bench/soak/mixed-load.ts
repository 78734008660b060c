import http from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { runPipelines } from '../../tests/chaos/pipeline-traffic.ts'
import type { Seeded, Send } from '../../tests/chaos/traffic.ts'

const api = (path: string) => `/api/v1/projects/default/${path}`

/** How long an answer of some kind took, when, in milliseconds since the start. */
export interface Taken {
  readonly kind: string
  readonly at: number
  readonly ms: number
}

/** What is asked how often among a hundred requests. */
const shares = { prediction: 58, 'log-batch': 16, label: 8, page: 14, search: 4 } as const
type Kind = keyof typeof shares

/** What the pages of the UI read. */
const pages = [
  '/',
  '/api/v1/projects',
  '/api/v1/status',
  ...`events?limit=100 pipelines pipeline-runs?limit=50 pipeline-queue datasets datasets/flights models models/late
    deployments deployments/late deployments/late/releases inbox alerts evaluations?limit=20 feature-views people`
    .split(/\s+/)
    .map(api),
]

/** So many runs are there at once: a run for each second of the warm-up. */
const mostRuns = 300

/** Requests of every kind against one server; `took` hears of every answer, `failed` of every other end. */
export function createMixedLoad(
  {
    url,
    inferenceUrl,
    token,
    send,
    seeded,
    growing,
  }: {
    url: string
    inferenceUrl: string
    token: string
    send: Send
    seeded: Seeded
    /** No run is deleted: searches find more and more. */
    growing: boolean
  },
  took: (kind: string, ms: number) => void,
  failed: (what: string) => void,
) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 48 })
  const authorization = `Bearer ${token}`
  const ask = (kind: string, method: string, address: string, body?: unknown, type = 'application/json') =>
    new Promise<string | undefined>((resolve) => {
      const data = body === undefined ? undefined : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
      const headers = { authorization, ...(data ? { 'content-type': type, 'content-length': data.length } : {}) }
      const began = performance.now()
      const request = http.request(address, { agent, method, headers, timeout: 60_000 }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString()
          if ((response.statusCode ?? 0) < 300) {
            took(kind, performance.now() - began)
            resolve(text)
          } else {
            failed(`${kind}: ${response.statusCode} ${text.slice(0, 200)}`)
            resolve(undefined)
          }
        })
      })
      request.on('timeout', () => request.destroy(new Error('no answer for a minute')))
      request.on('error', (error) => {
        failed(`${kind}: ${error.message}`)
        resolve(undefined)
      })
      request.end(data)
    })

  let count = 0
  let run = seeded.run
  const predicted: string[] = []
  const kinds: Record<Kind, () => Promise<unknown>> = {
    prediction: async () => {
      const id = `soak-${(count += 1)}`
      const inputs = { origin: 'ORD', distance: 500 + (count % 900), hour: count % 24, recent_delay: count % 9 }
      const body = { id, eventTime: Date.now(), inputs }
      if (await ask('prediction', 'POST', `${inferenceUrl}/deployments/late/predict`, body)) predicted.push(id)
      if (predicted.length > 1000) predicted.splice(0, 500)
    },
    'log-batch': async () => {
      const step = (count += 1)
      const metrics = Array.from({ length: 10 }, (_, n) => ({
        key: `m${n}`,
        value: n / step,
        timestamp: Date.now(),
        step,
      }))
      await ask('log-batch', 'POST', `${url}/api/2.0/mlflow/runs/log-batch`, {
        run_id: run,
        metrics,
        params: [],
        tags: [],
      })
    },
    label: async () => {
      const predictionId = predicted.shift()
      if (predictionId === undefined) return
      const body = { predictionId, value: count % 2 === 0, eventTime: Date.now() }
      await ask('label', 'POST', `${url}${api('deployments/late/labels')}`, body)
    },
    page: async () => ask('page', 'GET', `${url}${pages[((count += 1)) % pages.length]}`),
    search: async () =>
      ask('search', 'POST', `${url}/api/2.0/mlflow/runs/search`, {
        experiment_ids: ['0'],
        filter: 'params.depth = "3"',
        order_by: ['metrics.m1 DESC'],
        max_results: 20,
      }),
  }
  const chances = Object.entries(shares).flatMap(([kind, share]) => Array.from({ length: share }, () => kind as Kind))
  /** One request, in an order that mixes them. */
  const next = (): Promise<unknown> => kinds[chances[((turns += 1) * 37) % chances.length] as Kind]()
  let turns = 0

  const every = async (ms: number, over: () => boolean, what: () => Promise<unknown>): Promise<void> => {
    while (!over()) {
      await Promise.all([what(), sleep(ms)])
    }
  }

  /** What is slow goes at a pace of its own: runs, versions of datasets, streams, pipelines with an evaluation. */
  const slowly = async (over: () => boolean): Promise<void> => {
    let version = 0
    const started = new Map<string, number>()
    const runs: string[] = []
    await Promise.all([
      every(1000, over, async () => {
        const made = await ask('run', 'POST', `${url}/api/2.0/mlflow/runs/create`, { experiment_id: '0' })
        if (made === undefined) return
        const before = run
        run = (JSON.parse(made) as { run: { info: { run_id: string } } }).run.info.run_id
        const params = [{ key: 'depth', value: String(count % 7) }]
        await ask('run', 'POST', `${url}/api/2.0/mlflow/runs/log-batch`, { run_id: run, metrics: [], params, tags: [] })
        await ask('run', 'POST', `${url}/api/2.0/mlflow/runs/update`, {
          run_id: before,
          status: 'FINISHED',
          end_time: Date.now(),
        })
        runs.push(run)
        if (!growing && runs.length > mostRuns)
          await ask('run', 'POST', `${url}/api/2.0/mlflow/runs/delete`, { run_id: runs.shift() })
      }),
      every(5000, over, async () => {
        version += 1
        const rows = Array.from(
          { length: 500 },
          (_, n) => `${new Date(n * 60_000).toISOString().slice(0, 19)},${n * version}`,
        )
        const csv = `at,n\n${rows.join('\n')}\n`
        const address = `${url}${api('datasets/readings/versions')}?format=csv&event_time=at`
        await ask('dataset version', 'POST', address, csv, 'application/octet-stream')
      }),
      every(1000, over, () => openStream(`${url}${api('events/stream')}?channels=step.state`, authorization, failed)),
      every(1000, over, async () => {
        const row = {
          id: `row-${(count += 1)}`,
          key: { airport: 'ORD' },
          eventTime: Date.now(),
          values: { delay: count },
        }
        await ask('feature row', 'POST', `${url}${api('feature-views/arrivals/rows')}`, { rows: [row] })
      }),
      pacedPipelines(send, over, started),
    ])
  }
  return { next, slowly, close: (): void => agent.destroy() }
}

/** A run about every four seconds. */
async function pacedPipelines(send: Send, over: () => boolean, started: Map<string, number>): Promise<void> {
  let last = 0
  const paced: Send = async (method, path, ...rest) => {
    if (method === 'POST') {
      await sleep(Math.max(0, last + 4000 - Date.now()))
      last = Date.now()
    }
    return send(method, path, ...rest)
  }
  await runPipelines(paced, over, started)
}

/** Opens a stream of events, reads it for two seconds and goes away, half of the time in the middle of a line. */
function openStream(address: string, authorization: string, failed: (what: string) => void): Promise<void> {
  return new Promise((resolve) => {
    const request = http.get(address, { headers: { authorization }, agent: false }, (response) => {
      if (response.statusCode !== 200) failed(`stream: ${response.statusCode}`)
      response.on('error', () => {})
      response.resume()
    })
    request.on('error', (error) => {
      if (!request.destroyed) failed(`stream: ${error.message}`)
    })
    setTimeout(() => {
      request.destroy()
      resolve()
    }, 2000)
  })
}

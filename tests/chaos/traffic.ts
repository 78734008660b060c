import { runPipelines } from './pipeline-traffic.ts'

/** What the server has acknowledged, by kind: each must be found afterwards. */
export interface Acknowledged {
  readonly metrics: Set<number>
  readonly datasetVersions: Map<number, number>
  readonly predictions: Set<string>
  readonly labels: Set<string>
  readonly featureRows: Set<string>
  readonly approvals: Set<string>
  /** Runs of a pipeline, with the turn that they were for. */
  readonly runs: Map<string, number>
}

/** Sends one request; undefined when the server was away or failed, which a client has to expect while processes are killed. */
export type Send = (method: string, path: string, body?: unknown, token?: string) => Promise<any>

export interface Seeded {
  readonly run: string
  readonly trainerToken: string
}

const pauseMs = 15

/** Before the first answer. */
export const nothingYet = (): Acknowledged => ({
  metrics: new Set(),
  datasetVersions: new Map(),
  predictions: new Set(),
  labels: new Set(),
  featureRows: new Set(),
  approvals: new Set(),
  runs: new Map(),
})

/** How much that is. */
export const sizeOf = (done: Acknowledged): number =>
  Object.values(done).reduce((sum, kind: ReadonlySet<unknown> | ReadonlyMap<unknown, unknown>) => sum + kind.size, 0)

/** Seven writers that go on until `stopped`; each remembers in `done` only what was answered. */
export async function writeTraffic(
  send: Send,
  seeded: Seeded,
  stopped: () => boolean,
  done: Acknowledged = nothingYet(),
): Promise<Acknowledged> {
  const api = (path: string) => `/api/v1/projects/default/${path}`
  const start = Date.UTC(2001, 1, 1)
  const loop = async (pause: number, step: (n: number) => Promise<void>): Promise<void> => {
    for (let n = 1; !stopped(); n += 1) {
      await step(n)
      await new Promise((resolve) => setTimeout(resolve, pause))
    }
  }
  await Promise.all([
    loop(pauseMs, async (n) => {
      const metrics = [{ key: 'loss', value: 1 / n, timestamp: start + n, step: n }]
      if (await send('POST', '/api/2.0/mlflow/runs/log-batch', { run_id: seeded.run, metrics, params: [], tags: [] }))
        done.metrics.add(n)
    }),
    loop(400, async (n) => {
      const rows = `at,n\n${new Date(start + n * 1000).toISOString().slice(0, 19)},${n}\n`
      const added = await send('POST', `${api('datasets/readings/versions')}?format=csv&mode=append`, rows)
      if (added) done.datasetVersions.set(added.version.version, added.version.rows)
    }),
    loop(pauseMs, async (n) => {
      const id = `p${n}`
      const inputs = { origin: 'ORD', distance: 500 + n, hour: n % 24, recent_delay: n % 9 }
      const said = await send('POST', '/deployments/late/predict', { id, eventTime: start + n * 1000, inputs })
      if (!said) return
      if (said.predictions?.[0]?.id !== id)
        throw new TypeError(`POST predict answered 200 without the prediction: ${JSON.stringify(said)}`)
      done.predictions.add(id)
      const labelled = await send('POST', api('deployments/late/labels'), {
        predictionId: id,
        value: n % 2 === 0,
        eventTime: start + n * 1000 + 1,
      })
      if (labelled) done.labels.add(id)
    }),
    loop(40, async (n) => {
      const row = { id: `r${n}`, key: { airport: 'ORD' }, eventTime: start + n * 1000, values: { delay: n } }
      if (await send('POST', api('feature-views/arrivals/rows'), { rows: [row] })) done.featureRows.add(row.id)
    }),
    loop(500, async (n) => {
      const made = await send(
        'POST',
        '/api/2.0/mlflow/model-versions/create',
        { name: 'late', source: `runs:/${seeded.run}/model`, run_id: seeded.run },
        seeded.trainerToken,
      )
      if (!made) return
      const asked = await send(
        'POST',
        api(`models/late/versions/${made.model_version.version}/approval-request`),
        {},
        seeded.trainerToken,
      )
      if (!asked) return
      const decided = await send('POST', api(`inbox/${asked.item}/decision`), {
        option: 'approve',
        reason: `round ${n}`,
      })
      if (decided) done.approvals.add(asked.item)
    }),
    runPipelines(send, stopped, done.runs),
  ])
  return done
}

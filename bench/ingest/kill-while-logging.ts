import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawnServer } from '@trivium/testing'
import { createClient } from '../support/client.ts'
import { createRun, range } from '../tracking/contestants.ts'

const clients = 20
const killedAfter = 5000

/** Kills a server under twenty clients that log, starts it again on the same data and looks for every point that was acknowledged. */
export async function killWhileLogging(): Promise<{ acknowledged: number; lost: number }> {
  const data = await mkdtemp(join(tmpdir(), 'trivium-bench-killed-'))
  const start = () => spawnServer({ data, flags: ['--port', '0', '--inference-port', '0'] })
  try {
    const first = await start()
    const client = createClient(first.url, first.token)
    const runs = await Promise.all(range(clients, (n) => createRun(client, `killed ${n}`)))
    const acknowledged = new Map<string, number>()
    let sum = 0
    let killed: Promise<unknown> | undefined
    await Promise.all(
      runs.map(async (run_id) => {
        for (let step = 0; killed === undefined; step += 1) {
          const point = { run_id, key: 'x', value: step, timestamp: step, step }
          try {
            await client.call('POST', '/api/2.0/mlflow/runs/log-metric', point)
          } catch {
            // Nobody answered: the point may be there or not.
            return
          }
          acknowledged.set(run_id, step + 1)
          sum += 1
          if (sum >= killedAfter) killed ??= first.kill('SIGKILL')
        }
      }),
    )
    await killed
    client.close()
    const second = await start()
    const again = createClient(second.url, second.token)
    let lost = 0
    for (const [run, count] of acknowledged) {
      const path = `/api/2.0/mlflow/metrics/get-history?run_id=${run}&metric_key=x&max_results=25000`
      const { metrics } = JSON.parse((await again.call('GET', path)).body.toString()) as { metrics: { step: number }[] }
      const steps = new Set(metrics.map(({ step }) => step))
      for (let step = 0; step < count; step += 1) if (!steps.has(step)) lost += 1
    }
    again.close()
    await second.kill('SIGTERM')
    return { acknowledged: sum, lost }
  } finally {
    await rm(data, { recursive: true, force: true })
  }
}

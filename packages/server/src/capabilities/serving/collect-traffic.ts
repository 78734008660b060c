import type { Kernel } from '../../kernel/kernel.ts'
import { holds } from '../../kernel/principal/index.ts'
import { type Reading, residentMemory } from '../../kernel/telemetry/index.ts'
import type { Gateway } from './gateway/gateway.ts'

/** Adds what the gateway counts, and its memory, to `/metrics`. */
export function collectTraffic({ metrics, db }: Pick<Kernel, 'metrics' | 'db'>, gateway: Gateway): void {
  metrics.collect(async (reader) => {
    const status = await gateway.status()
    const memory = status && (await residentMemory(status.pid))
    const deployments = (
      await db.read.selectFrom('deployment').select(['project_id', 'name']).where('retired_at', 'is', null).execute()
    )
      .map(({ project_id, name }) => ({ project: project_id, name }))
      .filter(({ project }) => holds(reader, project, 'metrics:read'))
    const counted = await gateway.traffic(deployments, 1)
    const own: Reading[] =
      memory === undefined
        ? []
        : [{ metric: 'trivium_resident_memory_bytes', labels: { process: 'gateway' }, value: memory }]
    return [
      ...own,
      ...deployments.flatMap(({ project, name }, index): Reading[] => {
        const traffic = counted[index]
        if (!traffic) return []
        const labels = { project, deployment: name }
        const answered = traffic.requests - traffic.refused - traffic.failed
        const outcome = (word: string, value: number): Reading => ({
          metric: 'trivium_prediction_requests_total',
          labels: { ...labels, outcome: word },
          value,
        })
        const quantile = (q: string, ms: number | null): Reading[] =>
          ms === null
            ? []
            : [{ metric: 'trivium_prediction_duration_seconds', labels: { ...labels, quantile: q }, value: ms / 1000 }]
        return [
          { metric: 'trivium_predictions_total', labels, value: traffic.predictions },
          outcome('answered', answered),
          outcome('refused', traffic.refused),
          outcome('failed', traffic.failed),
          ...quantile('0.5', traffic.p50Ms),
          ...quantile('0.99', traffic.p99Ms),
        ]
      }),
    ]
  })
}

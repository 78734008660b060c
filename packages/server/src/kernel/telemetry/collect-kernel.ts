import { statfs } from 'node:fs/promises'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { knownEvents } from '../events/index.ts'
import type { Kernel } from '../kernel.ts'
import { holds } from '../principal/index.ts'
import type { Reading } from './metrics.ts'
import { residentMemory } from './process-memory.ts'

type Parts = Pick<Kernel, 'metrics' | 'db' | 'events' | 'consumers' | 'jobs' | 'tables' | 'clock' | 'paths' | 'tracing'>

/** Adds the figures of this process and of the kernel's tables to `/metrics`. */
export function collectKernel({ metrics, db, events, consumers, jobs, tables, clock, paths, tracing }: Parts): void {
  let delay: ReturnType<typeof monitorEventLoopDelay> | undefined

  metrics.collect(async () => {
    const { bavail, bsize } = await statfs(paths.data)
    const measured = delay
    const quantiles: Reading[] = measured
      ? [0.5, 0.99].map((quantile) => ({
          metric: 'trivium_event_loop_delay_seconds',
          labels: { quantile: String(quantile) },
          value: measured.percentile(quantile * 100) / 1e9,
        }))
      : []
    // Measured from the first scrape on: a server that nobody scrapes has no timer for it.
    delay ??= monitorEventLoopDelay({ resolution: 20 })
    delay.enable()
    delay.reset()
    return [
      { metric: 'trivium_trace_spans_dropped_total', labels: {}, value: tracing.dropped() },
      { metric: 'trivium_uptime_seconds', labels: {}, value: process.uptime() },
      { metric: 'trivium_disk_free_bytes', labels: {}, value: bavail * bsize },
      ...quantiles,
    ]
  })

  metrics.collect(async () => {
    const processes = [{ process: 'main', pid: process.pid }, ...tables.processes()]
    const read = await Promise.all(
      processes.map(async ({ process: name, pid }) => ({ name, bytes: await residentMemory(pid) })),
    )
    return read.flatMap(({ name, bytes }) =>
      bytes === undefined
        ? []
        : [
            {
              metric: 'trivium_resident_memory_bytes' as const,
              labels: { process: name === 'main' ? name : `tables-${name}` },
              value: bytes,
            },
          ],
    )
  })

  metrics.collect(async () =>
    tables.replaced().map(({ process: name, count }) => ({
      metric: 'trivium_tables_processes_replaced_total' as const,
      labels: { process: `tables-${name}` },
      value: count,
    })),
  )

  metrics.collect(async () => {
    const [head, positions, unsealed] = await Promise.all([
      events.head(db.read),
      consumers.positions(),
      knownEvents(db.read)
        .select((e) => e.fn.countAll<number>().as('count'))
        .where('seq', 'is', null)
        .executeTakeFirstOrThrow(),
    ])
    return [
      { metric: 'trivium_events_sealed_total', labels: {}, value: head },
      { metric: 'trivium_events_unsealed', labels: {}, value: Number(unsealed.count) },
      ...positions.flatMap(({ name, seq, error }): Reading[] => [
        { metric: 'trivium_event_consumer_lag', labels: { consumer: name }, value: Math.max(0, head - seq) },
        { metric: 'trivium_event_consumer_failing', labels: { consumer: name }, value: error === null ? 0 : 1 },
      ]),
    ]
  })

  metrics.collect(async (reader) => {
    const [oldest, open] = await Promise.all([jobs.oldestDue(db.read), jobs.activeByProject(db.read)])
    return [
      {
        metric: 'trivium_job_oldest_due_seconds',
        labels: {},
        value: oldest === undefined ? 0 : (clock() - oldest) / 1000,
      },
      ...open
        .filter(({ project }) => holds(reader, project, 'metrics:read'))
        .map(
          ({ project, kind, count }): Reading => ({
            metric: 'trivium_jobs_active',
            labels: { project, kind },
            value: count,
          }),
        ),
    ]
  })
}

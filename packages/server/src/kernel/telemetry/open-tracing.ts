import { hostname } from 'node:os'
import type { Egress } from '../egress/index.ts'
import type { Logger } from '../logging/index.ts'
import { createOtlpExporter, type OtlpExporter, type TraceSettings } from './otlp-exporter.ts'
import { createTracer, noTracer, type Tracer } from './tracer.ts'

/** Spans of one process, and how they leave it. */
export interface Tracing {
  readonly tracer: Tracer
  readonly dropped: OtlpExporter['dropped']
  readonly stop: OtlpExporter['stop']
}

/** Tracing as it was configured: off without an endpoint. */
export function openTracing(parts: {
  egress: Pick<Egress, 'call'>
  logger: Logger
  settings: TraceSettings
  process: 'main' | 'gateway'
}): Tracing {
  if (parts.settings.endpoint === '') return { tracer: noTracer, dropped: () => 0, stop: async () => {} }
  const resource = {
    'service.name': 'trivium',
    'service.instance.id': `${hostname()}:${process.pid}`,
    'trivium.process': parts.process,
  }
  const exporter = createOtlpExporter({ ...parts, resource })
  return { tracer: createTracer(exporter.add), dropped: exporter.dropped, stop: exporter.stop }
}

import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TraceSettings } from './otlp-exporter.ts'

/** Where the gateway sends its spans, and which internal hosts it may call for that. */
export interface GatewayTraces extends TraceSettings {
  readonly egressAllow: string
}

const fileIn = (directory: string): string => join(directory, 'traces.json')

/** Says it by a file, since arguments and environments of processes can be seen by others. */
export function writeTraceSettings(directory: string, traces: GatewayTraces | undefined): void {
  if (!traces || traces.endpoint === '') rmSync(fileIn(directory), { force: true })
  else writeFileSync(fileIn(directory), JSON.stringify(traces), { mode: 0o600 })
}

/** What main has said; without a file nothing is traced. */
export function readTraceSettings(directory: string): GatewayTraces {
  const file = fileIn(directory)
  if (!existsSync(file)) return { endpoint: '', headers: '', egressAllow: '' }
  return JSON.parse(readFileSync(file, 'utf8')) as GatewayTraces
}

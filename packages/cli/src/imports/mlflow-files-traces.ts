import { lstat, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ImportedTrace } from '@trivium/contract'
import { parse } from 'yaml'
import { exactJson, storedSpan } from './mlflow-stored-spans.ts'
import { inStore, sourceRunKey, spansTag, traceOfJson } from './mlflow-trace-json.ts'
import { type Skip, wholeNumber } from './source.ts'

const largestInfo = 4_000_000
const largestSpans = 100_000_000

type Json = Readonly<Record<string, unknown>>

/** A trace of a file store: `trace_info.yaml`, folders of tags, metadata and assessments, and its spans in `artifacts/traces.json`. */
export async function readStoredTrace(
  folder: string,
  {
    experiment,
    tags,
    metadata,
    assessments,
    skip,
  }: {
    experiment: string
    tags: Record<string, string>
    metadata: Record<string, string>
    /** Paths of the files that hold one each. */
    assessments: readonly string[]
    skip: Skip
  },
): Promise<ImportedTrace | undefined> {
  const info = await readYaml(join(folder, 'trace_info.yaml'), skip)
  if (!info) return undefined
  const said = (await Promise.all(assessments.map((path) => readYaml(path, skip)))).filter((one) => one !== undefined)
  const duration = wholeNumber(info['execution_duration_ms'] ?? info['execution_time_ms'])
  const trace = traceOfJson(
    {
      ...info,
      // As MLflow 2 named these.
      trace_id: info['trace_id'] ?? info['request_id'],
      request_time: info['request_time'] ?? info['timestamp_ms'],
      state: info['state'] ?? info['status'],
      ...(duration === undefined ? {} : { execution_duration: `${duration / 1000}s` }),
      tags,
      trace_metadata: metadata,
      assessments: said,
    },
    skip,
  )
  const spans = await readSpans(join(folder, 'artifacts', 'traces.json'), trace.id, skip)
  const run = metadata[sourceRunKey]
  return {
    ...trace,
    experiment,
    runs: run ? [run] : [],
    // Without spans that can be read the file goes along as it is.
    ...(spans.length === 0 ? {} : { spans, tags: { ...trace.tags, [spansTag]: inStore } }),
  }
}

/** The spans in a file; none where it has the form that MLflow wrote before 3.0, which its clients read from the file. */
async function readSpans(path: string, trace: string, skip: Skip): Promise<Record<string, unknown>[]> {
  const found = await lstat(path).catch(() => undefined)
  if (!found) return []
  if (!found.isFile() || found.size > largestSpans) {
    skip(`spans of trace ${trace}`, found.isFile() ? `their file has ${found.size} bytes` : `"${path}" is no file`)
    return []
  }
  try {
    const { spans } = exactJson(await readFile(path, 'utf8')) as { spans?: Json[] }
    if (!Array.isArray(spans)) throw new Error('it is no JSON with a list of spans')
    return spans.every((span) => typeof span['trace_id'] === 'string' && typeof span['span_id'] === 'string')
      ? spans.map(storedSpan)
      : []
  } catch (error) {
    skip(`spans of trace ${trace}`, `${path} cannot be read: ${(error as Error).message.split('\n')[0]}`)
    return []
  }
}

async function readYaml(path: string, skip: Skip): Promise<Json | undefined> {
  const found = await lstat(path).catch(() => undefined)
  if (!found?.isFile()) return undefined
  if (found.size > largestInfo) return skip(path, `it has ${found.size} bytes`), undefined
  try {
    const content: unknown = parse(await readFile(path, 'utf8'), { maxAliasCount: 0 })
    if (typeof content === 'object' && content !== null && !Array.isArray(content)) return content as Json
    skip(path, 'it is no YAML map')
  } catch (error) {
    skip(path, (error as Error).message.split('\n')[0] ?? '')
  }
  return undefined
}

import {
  type HistoryRow,
  pageTokenOf,
  type SampledQuery,
  selectHistory,
  selectSampledHistory,
  whereHot,
} from '../../capabilities/tracking/index.ts'
import type { Reader } from '../../kernel/db/index.ts'
import { double, unlessEmpty } from './shapes.ts'

export interface HistoryInput {
  readonly project: string
  readonly run: string
  readonly key: string
  readonly limit: number
  readonly offset: number
  readonly fingerprint: unknown
}

export interface BulkInput {
  readonly project: string
  readonly runs: readonly string[]
  readonly key: string
  readonly limit: number
}

type Page = Awaited<ReturnType<typeof selectHistory>>
/** Gives a page of a run's points. */
type Pages = (query: { project: string; run: string; key: string; limit: number; offset: number }) => Promise<Page>

const pointOf = (key: string, row: HistoryRow) => ({
  key,
  value: double(row.value, row.is_nan),
  timestamp: Number(row.timestamp),
  step: Number(row.step),
})

/** A page of all points of a metric. */
export async function historyJson(input: HistoryInput, pages: Pages): Promise<string> {
  const { rows, more } = await pages(input)
  return JSON.stringify({
    ...unlessEmpty(
      'metrics',
      rows.map((row) => pointOf(input.key, row)),
    ),
    ...(more ? { next_page_token: pageTokenOf(input.offset + input.limit, input.fingerprint) } : {}),
  })
}

/** Points of several runs, thinned for a chart. */
export function sampledHistoryJson(input: SampledQuery, found: readonly { run: string; rows: HistoryRow[] }[]): string {
  const asked = new Map(input.runs.map((run, i) => [run, i]))
  const metrics = found
    .toSorted((a, b) => (asked.get(a.run) ?? 0) - (asked.get(b.run) ?? 0))
    .flatMap(({ run, rows }) => rows.map((row) => ({ ...pointOf(input.key, row), run_id: run })))
  return JSON.stringify(unlessEmpty('metrics', metrics))
}

/** Points of several runs up to a limit. */
export async function bulkHistoryJson({ project, runs, key, limit }: BulkInput, pages: Pages): Promise<string> {
  const metrics: object[] = []
  for (const run of [...runs].toSorted()) {
    if (metrics.length >= limit) break
    const { rows } = await pages({ project, run, key, limit: limit - metrics.length, offset: 0 })
    for (const row of rows) metrics.push({ ...pointOf(key, row), run_id: run })
  }
  return JSON.stringify({ metrics })
}

/** `historyJson` where all points are in the table. Runs on a reader thread. */
export const historyBytes = (db: Reader, input: HistoryInput): Promise<string> =>
  whereHot(db, { project: input.project, runs: [input.run], keys: [input.key] }, () =>
    historyJson(input, (query) => selectHistory(db, query)),
  )

/** `sampledHistoryJson` where all points are in the table. Runs on a reader thread. */
export const sampledHistoryBytes = (db: Reader, input: SampledQuery): Promise<string> =>
  whereHot(db, { project: input.project, runs: input.runs, keys: [input.key] }, async () =>
    sampledHistoryJson(input, await selectSampledHistory(db, input)),
  )

/** `bulkHistoryJson` where all points are in the table. Runs on a reader thread. */
export const bulkHistoryBytes = (db: Reader, input: BulkInput): Promise<string> =>
  whereHot(db, { project: input.project, runs: input.runs, keys: [input.key] }, () =>
    bulkHistoryJson(input, (query) => selectHistory(db, query)),
  )

import { pageTokenOf, selectHistory, selectSampledHistory } from '../../capabilities/tracking/index.ts'
import type { Reader } from '../../kernel/db/index.ts'
import { double, unlessEmpty } from './shapes.ts'

interface HistoryInput {
  project: string
  run: string
  key: string
  limit: number
  offset: number
  fingerprint: unknown
}

/** All points of a metric, a page of them. Runs on a reader thread. */
export async function historyBytes(db: Reader, input: HistoryInput): Promise<string> {
  const { rows, more } = await selectHistory(db, input)
  const metrics = rows.map((row) => ({
    key: input.key,
    value: double(row.value, row.is_nan),
    timestamp: Number(row.timestamp),
    step: Number(row.step),
  }))
  return JSON.stringify({
    ...unlessEmpty('metrics', metrics),
    ...(more ? { next_page_token: pageTokenOf(input.offset + input.limit, input.fingerprint) } : {}),
  })
}

/** Points of several runs, thinned for a chart. Runs on a reader thread. */
export async function sampledHistoryBytes(
  db: Reader,
  input: Parameters<typeof selectSampledHistory>[1],
): Promise<string> {
  const found = await selectSampledHistory(db, input)
  const asked = new Map(input.runs.map((run, i) => [run, i]))
  const metrics = found
    .toSorted((a, b) => (asked.get(a.run) ?? 0) - (asked.get(b.run) ?? 0))
    .flatMap(({ run, rows }) =>
      rows.map((row) => ({
        key: input.key,
        value: double(row.value, row.is_nan),
        timestamp: Number(row.timestamp),
        step: Number(row.step),
        run_id: run,
      })),
    )
  return JSON.stringify(unlessEmpty('metrics', metrics))
}

/** Points of several runs up to a limit. Runs on a reader thread. */
export async function bulkHistoryBytes(
  db: Reader,
  input: { project: string; runs: readonly string[]; key: string; limit: number },
): Promise<string> {
  const metrics: object[] = []
  for (const run of [...input.runs].toSorted()) {
    if (metrics.length >= input.limit) break
    const { rows } = await selectHistory(db, {
      project: input.project,
      run,
      key: input.key,
      limit: input.limit - metrics.length,
      offset: 0,
    })
    for (const row of rows)
      metrics.push({
        key: input.key,
        value: double(row.value, row.is_nan),
        timestamp: Number(row.timestamp),
        step: Number(row.step),
        run_id: run,
      })
  }
  return JSON.stringify({ metrics })
}

import { sql } from 'kysely'
import type { Reader } from '../../../kernel/db/index.ts'
import type { HistoryRow } from '../metric-history.ts'
import '../tables.ts'

const linesAtOnce = 20_000

export interface LinesInput {
  /** In their order; `label` goes before each line of a series: JSON members, each with a comma after it. */
  readonly series: readonly { readonly id: number; readonly label: string }[]
  readonly from: LinesPlace
}

/** How far the lines have come. */
export interface LinesPlace {
  readonly index: number
  readonly after?: readonly [step: number, timestamp: number, value: number, isNan: number]
}

/** Some points of series as JSON lines, after a first line that says where the next ones begin. Runs on a reader thread. */
export async function pointLineBytes(db: Reader, { series, from }: LinesInput): Promise<string> {
  const lines: string[] = []
  let { index, after } = from
  while (index < series.length && lines.length < linesAtOnce) {
    const { id, label } = series[index] as LinesInput['series'][number]
    const limit = linesAtOnce - lines.length
    const rest = after ? sql` and (step, timestamp, value, is_nan) > (${sql.join(after)})` : sql``
    const { rows } = await sql<HistoryRow>`
      select step, timestamp, value, is_nan from run_metric_point where series_id = ${id}${rest}
      order by step, timestamp, value, is_nan limit ${limit}`.execute(db as never)
    for (const { step, timestamp, value, is_nan } of rows)
      lines.push(
        `{${label}"step":${Number(step)},"timestamp":${Number(timestamp)},"value":${is_nan === 1 ? 'null' : JSON.stringify(value)}}\n`,
      )
    const last = rows.at(-1)
    if (rows.length < limit || !last) {
      index += 1
      after = undefined
    } else after = [Number(last.step), Number(last.timestamp), last.value, last.is_nan]
  }
  return `${JSON.stringify({ index, ...(after ? { after } : {}) })}\n${lines.join('')}`
}

import type { Kernel } from '../../kernel/kernel.ts'
import type { OnlineReader, Relation } from '../../kernel/ports/index.ts'
import { featuresOfWindows } from './look-up-rows.ts'
import { type CompiledView, windowOf } from './online.ts'
import { pointInTimeSql } from './point-in-time.ts'

export interface ParityResult {
  compared: number
  different: number
  differences: { key: string; asOf: number; feature: string; offline: number | null; online: number | null }[]
}

/** Sums of floating-point numbers differ in the last bits with their order. */
const tolerance = 1e-9
const mostListed = 100

/** Computes a view's features for sampled moments on both sides. Moments are those of rows that the online store still reaches. */
export async function parity(
  { tables, online, subjects }: { online: OnlineReader } & Pick<Kernel, 'tables' | 'subjects'>,
  project: string,
  offline: { view: CompiledView; relation: Relation },
  sample: number,
): Promise<ParityResult> {
  const { view, relation } = offline
  const moments = await tables.query({
    sql: `select entity_key, event_time from (select distinct entity_key, event_time from rows where event_time > (select max(event_time) from rows) - $1) order by hash(entity_key || event_time::varchar) limit ${Math.floor(sample)}`,
    params: [view.windowMs],
    relations: { rows: relation },
    trusted: true,
  })
  if (moments.rows.length === 0) return { compared: 0, different: 0, differences: [] }
  const literals = moments.rows
    .map(([key, at]) => `('${String(key).replaceAll("'", "''")}', ${Number(at)}::BIGINT)`)
    .join(', ')
  const sql = pointInTimeSql(
    { ...view, keys: ['entity_key'] },
    { timeMs: 'at_ms', keys: ['entity_key'], columns: ['entity_key', 'at_ms'] },
  )
  const { rows } = await tables.query({
    sql: `with entities(entity_key, at_ms) as (values ${literals}) select * from (${sql})`,
    relations: { rows: relation },
    trusted: true,
  })
  const differences: ParityResult['differences'] = []
  let different = 0
  const there = await featuresOfWindows(
    { subjects },
    project,
    view,
    rows.map((row) => windowOf(online, project, view, [String(row[0])], Number(row[1]))),
  )
  for (const [at, row] of rows.entries()) {
    const [key, asOf] = [String(row[0]), Number(row[1])]
    for (const [i, { name }] of view.features.entries()) {
      const a = row[2 + i] === null ? null : Number(row[2 + i])
      const b = there[at]?.features[name] ?? null
      const same = a === null || b === null ? a === b : Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(a))
      if (same) continue
      different += 1
      if (differences.length < mostListed) differences.push({ key, asOf, feature: name, offline: a, online: b })
    }
  }
  return { compared: rows.length * view.features.length, different, differences }
}

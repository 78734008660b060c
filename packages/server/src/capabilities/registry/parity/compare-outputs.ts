import type { ParityData, ParityTolerance } from '@trivium/contract'
import type { Kernel } from '../../../kernel/kernel.ts'
import type { Relation } from '../../../kernel/ports/index.ts'
import { wilsonInterval } from '../../../kernel/stats/index.ts'
import { sqlName } from '../../../kernel/tables/column-sql.ts'

/** Outputs that are compared with each other. */
export interface OutputPair {
  readonly converted: string
  readonly original: string
}

const worstRows = 20
const numeric = new Set(['number', 'integer', 'boolean'])

/** Compares outputs column by column; the three tables have the same rows in the same order, `rows` has their numbers. */
export async function compareOutputs(
  { tables }: Pick<Kernel, 'tables'>,
  relations: { rows: Relation; converted: Relation; original: Relation },
  pairs: readonly OutputPair[],
  tolerance: ParityTolerance,
): Promise<Pick<ParityData, 'beyond' | 'share' | 'low' | 'high' | 'columns' | 'worst'>> {
  const types = new Map<string, string>()
  for (const side of ['converted', 'original'] as const) {
    const { columns } = await tables.query({
      sql: `select * from ${side} limit 0`,
      relations: { [side]: relations[side] },
      trusted: true,
    })
    for (const { name, type } of columns) types.set(`${side}/${name}`, type)
  }
  const compared = pairs.map((pair, index) => {
    const both =
      numeric.has(types.get(`converted/${pair.converted}`) ?? '') &&
      numeric.has(types.get(`original/${pair.original}`) ?? '')
    return both ? numbers(pair, index, tolerance) : texts(pair, index)
  })
  const joined = `select "rows".trivium_row as n, ${compared.map((one) => one.select).join(', ')} from "rows" positional join converted positional join original`
  const any = compared.map((_, index) => `bad${index}`).join(' or ')
  const { rows } = await tables.query({
    sql: `with compared as materialized (${joined}) select count(*), count(*) filter (where ${any}), ${pairs
      .map((_, i) => `count(*) filter (where bad${i}), max(far${i}), max(part${i}), avg(far${i})`)
      .join(', ')} from compared`,
    relations,
    trusted: true,
  })
  const [count, beyond, ...each] = (rows[0] ?? []).map((value) => (value === null ? null : Number(value)))
  const worst = await tables.query({
    sql: `with compared as materialized (${joined}) select * from (${pairs
      .map(
        (_, i) =>
          `(select n, ${i}, was${i}::varchar, now${i}::varchar, bad${i}, ${compared[i]?.kind === 'number'}, far${i} from compared where far${i} > 0 or bad${i} order by bad${i} desc, far${i} desc nulls first, n limit ${worstRows})`,
      )
      .join(' union all ')}) order by 5 desc, 7 desc nulls first, 1 limit ${worstRows}`,
    relations,
    trusted: true,
  })
  const n = count ?? 0
  const { low, high } = wilsonInterval(beyond ?? 0, n)
  return {
    beyond: beyond ?? 0,
    share: n === 0 ? 0 : (beyond ?? 0) / n,
    low,
    high,
    columns: pairs.map((pair, i) => ({
      ...pair,
      beyond: each[4 * i] ?? 0,
      largestAbsolute: finite(each[4 * i + 1]),
      largestRelative: finite(each[4 * i + 2]),
      meanAbsolute: finite(each[4 * i + 3]),
    })),
    worst: worst.rows.map(([row, index, was, now, bad, isNumber]) => ({
      row: Number(row),
      column: pairs[Number(index)]?.converted ?? '',
      original: valueOf(was, Boolean(isNumber)),
      converted: valueOf(now, Boolean(isNumber)),
      beyond: Boolean(bad),
    })),
  }
}

const finite = (value: number | null | undefined): number | null =>
  value !== null && value !== undefined && Number.isFinite(value) ? value : null

/** A value as text becomes a number again where it is one that JSON has. */
function valueOf(text: unknown, isNumber: boolean): number | string | null {
  if (text === null || text === undefined) return null
  const value = Number(text)
  return isNumber && Number.isFinite(value) ? value : String(text)
}

function sides({ converted, original }: OutputPair, type: string): { now: string; was: string } {
  return { now: `converted.${sqlName(converted)}::${type}`, was: `original.${sqlName(original)}::${type}` }
}

/** Two numbers that are both missing or both the same infinity are alike; a missing one beside a number is not. */
function numbers(pair: OutputPair, i: number, { absolute, relative }: ParityTolerance) {
  const { now, was } = sides(pair, 'double')
  const [a, b] = [
    `(case when isnan(${now}) then null else ${now} end)`,
    `(case when isnan(${was}) then null else ${was} end)`,
  ]
  const far = `(case when ${a} = ${b} then 0 else abs(${a} - ${b}) end)`
  return {
    kind: 'number' as const,
    select: `${b} as was${i}, ${a} as now${i}, ${far} as far${i}, ${far} / nullif(abs(${b}), 0) as part${i}, (case when ${a} is null and ${b} is null then false when ${a} is null or ${b} is null then true else not (${far} <= ${absolute} + ${relative} * abs(${b})) end) as bad${i}`,
  }
}

function texts(pair: OutputPair, i: number) {
  const { now, was } = sides(pair, 'varchar')
  return {
    kind: 'text' as const,
    select: `${was} as was${i}, ${now} as now${i}, null::double as far${i}, null::double as part${i}, (${now} is distinct from ${was}) as bad${i}`,
  }
}

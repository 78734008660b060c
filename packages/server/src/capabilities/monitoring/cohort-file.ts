import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Relation } from '../../kernel/ports/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { sqlName, sqlText } from '../../kernel/tables/column-sql.ts'
import { cohortSql, type Outcomes, type PredictionRange, predictionsSql } from '../outcomes/index.ts'
import type { PerformanceSettings } from './policies.ts'

type Deps = Pick<Kernel, 'tables' | 'paths'> & { outcomes: Outcomes }

export interface WindowReleases {
  /** Records of the range, copies included. */
  readonly records: number
  /** By the time of their last prediction, newest first. */
  readonly releases: readonly { release: string; model: string; version: number; rows: number }[]
}

/** Which releases answered in a window, and how often. */
export async function releasesIn(
  { tables, outcomes }: Deps,
  scope: Scope,
  deployment: string,
  range: PredictionRange,
): Promise<WindowReleases> {
  const { predictions } = await outcomes.relations(scope, deployment, range)
  const { rows } = await tables.query({
    sql: `select release, any_value(model), any_value(version), count(*),
      (select count(*) from predictions where event_time >= ${range.from} and event_time < ${range.to})
      from (${predictionsSql(range)}) group by release order by max(event_time) desc, max("at") desc, release`,
    relations: { predictions },
    trusted: true,
  })
  return {
    records: Number(rows[0]?.[4] ?? 0),
    releases: rows.map(([release, model, version, count]) => ({
      release: String(release),
      model: String(model),
      version: Number(version),
      rows: Number(count),
    })),
  }
}

/** The predictions of one release in a window as a file: `event_time`, the watched features as `f0`, `f1`, …, the judged output as `score`, the label as `actual`. */
export async function withCohort<T>(
  { tables, paths, outcomes }: Deps,
  scope: Scope,
  {
    deployment,
    range,
    release,
    asOf,
    features,
    raws = [],
    slices = [],
    outputs = [],
    performance,
  }: {
    deployment: string
    range: PredictionRange
    release: string
    asOf: number
    features: readonly { readonly sql: string }[]
    /** The same features as they were logged, as `r0`, `r1`, … */
    raws?: readonly { readonly column: string }[]
    /** Columns by whose values is sliced, as `s0`, `s1`, … */
    slices?: readonly { readonly column: string }[]
    /** More columns, by their own names. */
    outputs?: readonly { readonly sql: string; readonly name: string }[]
    performance: PerformanceSettings | undefined
  },
  use: (cohort: Relation) => Promise<T>,
): Promise<T> {
  const path = join(paths.tmp, `cohort-${randomUUID()}.parquet`)
  try {
    const columns = [
      'event_time',
      ...features.map(({ sql }, index) => `${sql} as f${index}`),
      ...raws.map(({ column }, index) => `${sqlName(column)} as r${index}`),
      ...slices.map(({ column }, index) => `${sqlName(column)} as s${index}`),
      ...outputs.map(({ sql, name }) => `${sql} as ${name}`),
      ...(performance
        ? [`try_cast(${sqlName(performance.column)} as double) as score`, `${actualSql(performance)} as actual`]
        : []),
    ]
    const write = (relations: Record<string, Relation>) =>
      tables.write({
        // Without labels to look at, the join is left out.
        sql: `select ${columns.join(', ')} from (${performance ? cohortSql(range, asOf) : predictionsSql(range)}) where release = ${sqlText(release)} order by event_time, id`,
        relations,
        trusted: true,
        output: { path, format: 'parquet' },
      })
    await (performance
      ? outcomes.withLabels(scope, deployment, range, asOf, write)
      : write({ predictions: (await outcomes.relations(scope, deployment, range)).predictions }))
    return await use({ format: 'parquet', files: [path] })
  } finally {
    await rm(path, { force: true })
  }
}

function actualSql({ positive }: PerformanceSettings): string {
  const named = positive === null ? 'try_cast(label_text as double)' : `(label_text = ${sqlText(positive)})::double`
  return `case label_kind when 'string' then ${named} else label_number end`
}

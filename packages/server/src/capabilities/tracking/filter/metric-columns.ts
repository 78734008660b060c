import { type RawBuilder, sql } from 'kysely'
import { trackingErrors } from '../errors.ts'
import { metricDirectionOf } from '../metric-direction.ts'
import type { Statistic } from './filter-tree.ts'

/** Which statistic `best` is of a metric, as its name says. */
export function statisticOf(key: string, statistic: Statistic): Exclude<Statistic, 'best'> {
  if (statistic !== 'best') return statistic
  const direction = metricDirectionOf(key)
  if (direction === null)
    throw trackingErrors.BAD_FILTER(
      `Whether more or less of "${key}" is better cannot be told from its name. Write max(metrics.\`${key}\`) or min(metrics.\`${key}\`).`,
    )
  return direction === 'higher-is-better' ? 'max' : 'min'
}

/** The value of a statistic in a row of `run_metric`; null where it is NaN or there is none. */
export function metricValue(alias: string, statistic: Exclude<Statistic, 'best'>): RawBuilder<unknown> {
  const m = sql.raw(alias)
  if (statistic === 'min') return sql`${m}.min_value`
  if (statistic === 'max') return sql`${m}.max_value`
  if (statistic === 'last') return sql`case when ${m}.last_is_nan = 1 then null else ${m}.last_value end`
  // Rows that a program before 0134 wrote do not say it yet; their points do.
  return sql`case when ${m}.first_step is null then (select case when p.is_nan = 1 then null else p.value end from run_metric_point p where p.series_id = ${m}.series_id order by p.step, p.timestamp, p.value, p.is_nan limit 1) when ${m}.first_is_nan = 1 then null else ${m}.first_value end`
}

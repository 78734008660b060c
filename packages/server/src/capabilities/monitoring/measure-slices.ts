import type { SliceQuality } from '@trivium/contract'
import { AppError } from '../../kernel/errors/index.ts'
import type { Relation, TableEngine } from '../../kernel/ports/index.ts'

/** Values of one column that have slices of their own; of a number with more values the quarters. */
const mostValues = 200
const manyNumbers = 50
/** Below this share of the predictions a value is rare. */
const rareShare = 0.01

const ofLabels = ['error-rate', 'accuracy', 'precision', 'recall', 'f1', 'roc-auc', 'log-loss', 'brier-score'] as const
const ofNumbers = ['mean-absolute-error', 'root-mean-squared-error'] as const
/** Names that a custom metric cannot have. */
export const sliceMetrics: readonly string[] = [...ofLabels, ...ofNumbers]

/** A column by whose values is sliced: `s0`, `s1`, … of the cohort. */
export interface SliceColumn {
  readonly name: string
  readonly numeric: boolean
}

export interface SliceQuestion {
  readonly slices: readonly SliceColumn[]
  readonly threshold: number
  readonly custom: readonly { readonly name: string; readonly sql: string }[]
}

/**
 * Metrics of a cohort, whole and for each value of the slice columns, by the definitions of scikit-learn (`metrics`): accuracy, precision, recall and F1 of "positive
 * from the threshold on", the AUC from mid-ranks (Mann and Whitney), the log loss with probabilities clipped at 2⁻⁵². Precision is null where nothing was called
 * positive, recall and AUC where there is no positive. The custom metrics are a person's SQL and run where that may run.
 */
export async function measureSlices(
  tables: TableEngine,
  cohort: Relation,
  { slices, threshold, custom }: SliceQuestion,
): Promise<{ quality: SliceQuality[]; problem: string | null }> {
  const facts = await tables.query({
    sql: `select ${[
      'count(actual) filter (score is not null) > 0 and bool_and(actual in (0, 1)) filter (score is not null)',
      ...slices.flatMap(({ numeric }, index) => [
        `approx_count_distinct(s${index})`,
        numeric ? `quantile_disc(s${index}, [0.25, 0.5, 0.75])` : 'null',
      ]),
    ].join(', ')} from cohort`,
    relations: { cohort },
    trusted: true,
  })
  const [first, ...about] = facts.rows[0] ?? []
  const binary = first === true
  const quality: SliceQuality[] = []
  let problem: string | null = null
  let total = 0
  for (const [index, slice] of [undefined, ...slices].entries()) {
    const value =
      slice === undefined
        ? 'null::varchar'
        : valueSql(`s${index - 1}`, slice, about.slice(2 * index - 2, 2 * index) as [number, number[] | null])
    const { rows } = await tables.query({ sql: metricsSql(value, threshold), relations: { cohort }, trusted: true })
    const own = await customValues(tables, cohort, value, custom)
    problem ??= own.problem
    total ||= Number(rows[0]?.[1] ?? 0)
    for (const row of rows) {
      const [text, predicted, labelled, positives] = row as [string | null, number, number, number]
      quality.push({
        by: slice?.name ?? null,
        value: text,
        rare: slice !== undefined && predicted < rareShare * total,
        predicted,
        labelled,
        coverage: predicted === 0 ? 0 : labelled / predicted,
        positives: binary ? positives : 0,
        values: { ...valuesOf(row, binary), ...own.values.get(text) },
      })
    }
  }
  return { quality, problem }
}

const number = (value: unknown): number | null => {
  const found = value === null || value === undefined ? Number.NaN : Number(value)
  return Number.isFinite(found) ? Number(found.toPrecision(12)) : null
}

function valuesOf(row: readonly unknown[], binary: boolean): Record<string, number | null> {
  const [, , labelled, positives, called, right, found, auc, logLoss, squared, absolute] = row.map(number)
  const share = (a: number | null | undefined, b: number | null | undefined): number | null =>
    a === null || a === undefined || !b ? null : number(a / b)
  if (!binary)
    return {
      'mean-absolute-error': absolute ?? null,
      'root-mean-squared-error': squared === null || squared === undefined ? null : number(Math.sqrt(squared)),
    }
  const accuracy = share(right, labelled)
  return {
    'error-rate': accuracy === null ? null : number(1 - accuracy),
    accuracy,
    precision: share(found, called),
    recall: share(found, positives),
    f1: share(2 * (found ?? 0), (called ?? 0) + (positives ?? 0)),
    'roc-auc': auc ?? null,
    'log-loss': logLoss ?? null,
    'brier-score': squared ?? null,
  }
}

/** The value of a slice as text. Numbers with many values are cut at the window's quartiles. */
function valueSql(
  column: string,
  { numeric }: SliceColumn,
  [distinct, quartiles]: readonly [number, number[] | null],
): string {
  if (numeric && quartiles && distinct > manyNumbers) {
    const edges = [...new Set(quartiles.map((edge) => Number(edge)))]
    const cases = edges.map((edge, index) => {
      const from = edges[index - 1]
      return `when ${column} <= ${edge} then '${from === undefined ? `up to ${edge}` : `over ${from} to ${edge}`}'`
    })
    return `case when ${column} is null then '(missing)' ${cases.join(' ')} else 'over ${edges.at(-1)}' end`
  }
  const text = numeric
    ? `case when ${column} = floor(${column}) and abs(${column}) < 1e15 then ${column}::bigint::varchar else ${column}::varchar end`
    : `left(${column}::varchar, 200)`
  const named = `coalesce(${text}, '(missing)')`
  if (distinct <= mostValues) return named
  return `case when ${named} in (select v from (select ${named} as v, count(*) as n from cohort group by 1 order by n desc, v limit ${mostValues})) then ${named} else '(others)' end`
}

const clipped = 'greatest(least(score, 1 - power(2, -52)), power(2, -52))'

function metricsSql(value: string, threshold: number): string {
  const called = `score >= ${threshold}`
  return `with sliced as (select ${value} as slice_value, score, actual from cohort),
    used as (select *, rank() over (partition by slice_value order by score) + (count(*) over (partition by slice_value, score) - 1) / 2.0 as place
      from sliced where score is not null and actual is not null),
    sums as (select slice_value, count(*) as labelled, count(*) filter (actual = 1) as positives, count(*) filter (${called}) as called,
      count(*) filter ((${called}) = (actual = 1)) as right_ones, count(*) filter (${called} and actual = 1) as found,
      sum(place) filter (actual = 1) as places,
      avg(case when actual = 1 then -ln(${clipped}) else -ln(1 - ${clipped}) end) as log_loss,
      avg((score - actual) ** 2) as squared, avg(abs(score - actual)) as absolute from used group by slice_value),
    sizes as (select slice_value, count(*) as predicted from sliced group by slice_value)
    select sizes.slice_value, predicted, coalesce(labelled, 0), coalesce(positives, 0), called, right_ones, found,
      case when positives > 0 and positives < labelled then (places - positives * (positives + 1) / 2.0) / (positives::double * (labelled - positives)) end,
      log_loss, squared, absolute
    from sizes left join sums on sums.slice_value is not distinct from sizes.slice_value order by predicted desc, sizes.slice_value`
}

async function customValues(
  tables: TableEngine,
  cohort: Relation,
  value: string,
  custom: SliceQuestion['custom'],
): Promise<{ values: ReadonlyMap<string | null, Record<string, number | null>>; problem: string | null }> {
  if (custom.length === 0) return { values: new Map(), problem: null }
  try {
    const { rows } = await tables.query({
      sql: `select slice_value, ${custom.map(({ sql }, index) => `(${sql}\n)::double as m${index}`).join(', ')}
        from (select ${value} as slice_value, score, actual from cohort where score is not null and actual is not null) as labelled group by slice_value`,
      relations: { cohort },
      trusted: false,
    })
    return {
      values: new Map(
        rows.map(([text, ...found]) => [
          text === null ? null : String(text),
          Object.fromEntries(custom.map(({ name }, index) => [name, number(found[index])])),
        ]),
      ),
      problem: null,
    }
  } catch (error) {
    if (!(error instanceof AppError) || !['TABLES.QUERY_FAILED', 'TABLES.FORBIDDEN'].includes(error.code)) throw error
    const nothing = Object.fromEntries(custom.map(({ name }) => [name, null]))
    return { values: new Map([[null, nothing]]), problem: `The custom metrics cannot be computed: ${error.message}` }
  }
}

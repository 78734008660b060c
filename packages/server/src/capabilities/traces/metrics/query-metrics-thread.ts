import { sql } from 'kysely'
import { isoTime } from '../../../kernel/clock/index.ts'
import type { Dialect, Reader } from '../../../kernel/db/index.ts'
import { attributeText, type OtlpSpan } from '../otlp-span.ts'
import { type Aggregation, labelOf } from './metric-kinds.ts'
import { conditionsOf, isCost, keysOf, type MetricsQuery, rowsOf, valueOf } from './metric-sql.ts'
import '../tables.ts'

interface Point {
  readonly metric_name: string
  readonly dimensions?: Record<string, string>
  readonly values: Record<string, number>
}

type Group = Readonly<Record<string, string | number>>

const modelKeys = { span_model_name: 'mlflow.llm.model', span_model_provider: 'mlflow.llm.provider' } as const
const costKey = 'mlflow.llm.cost'
const atOnce = 10_000

/** The points of a question as MLflow's finished JSON. Runs on a reader thread. */
export async function metricPointsBytes(db: Reader, query: MetricsQuery, dialect: Dialect): Promise<string> {
  const whole = readsContent(query) || query.aggregations.some(({ type }) => type === 'PERCENTILE')
  const points = await (whole ? gathered(db, dialect, query) : grouped(db, dialect, query))
  return points.length === 0 ? '{}' : JSON.stringify({ data_points: points })
}

/** Costs and models of calls stand in the attributes of spans. */
const readsContent = (query: MetricsQuery): boolean =>
  isCost(query) || query.dimensions.some((dimension) => dimension in modelKeys)

/** The database adds up. */
async function grouped(db: Reader, dialect: Dialect, query: MetricsQuery): Promise<Point[]> {
  const value = valueOf(dialect, query)
  const keys = keysOf(dialect, query)
  const columns = [
    ...keys.map(({ part }, i) => sql`${part} as ${sql.ref(`k${i}`)}`),
    ...query.aggregations.map(({ type }, i) => {
      const of = type === 'COUNT' && query.metric === 'session_count' ? sql`distinct ${value}` : value
      const number = type === 'AVG' && dialect === 'postgres' ? sql`cast(${of} as double precision)` : of
      return sql`${sql.raw(type.toLowerCase())}(${number}) as ${sql.ref(`a${i}`)}`
    }),
  ]
  const places = sql.join(keys.map((_, i) => sql.raw(String(i + 1))))
  const group =
    keys.length === 0 ? sql`` : sql`group by ${places} order by ${sql.join(keys.map((key, i) => key.order(i + 1)))}`
  const found = await sql<
    Record<string, unknown>
  >`select ${sql.join(columns)} from ${rowsOf(query)} where ${conditionsOf(dialect, query, [
    value,
    ...keys.map(({ part }) => part),
  ])} ${group} limit ${query.limit}`.execute(db as never)
  return found.rows.flatMap((row) =>
    pointOf(
      query,
      keys.map((_, i) => row[`k${i}`]),
      query.aggregations.map((_, i) => (row[`a${i}`] === null ? null : Number(row[`a${i}`]))),
    ),
  )
}

/** Values are read one by one: percentiles need all of them, and costs stand in the content of spans. */
async function gathered(db: Reader, dialect: Dialect, query: MetricsQuery): Promise<Point[]> {
  const content = readsContent(query)
  const keys = keysOf(dialect, query).filter(({ name }) => !(name in modelKeys))
  const value = isCost(query) ? sql`1` : valueOf(dialect, query)
  const groups = new Map<string, { group: Group; values: number[] }>()
  const part = { TRACES: sql`t.id`, SPANS: sql`s.span_id`, ASSESSMENTS: sql`a.id` }[query.view]
  const conditions = [value, ...keys.map((key) => key.part)]
  const mentions = content ? sql`and s.content like '%mlflow.llm.%'` : sql``
  for (let after: { trace: string; part: string } | undefined; ; ) {
    const rest = after ? sql`and (t.id, ${part}) > (${after.trace}, ${after.part})` : sql``
    const columns = [
      sql`t.id as trace`,
      sql`${part} as part`,
      sql`${value} as value`,
      ...(content ? [sql`s.content as content`] : []),
      ...keys.map((key, i) => sql`${key.part} as ${sql.ref(`k${i}`)}`),
    ]
    const { rows } = await sql<
      Record<string, unknown> & { trace: string; part: string; value: unknown; content?: string }
    >`select ${sql.join(columns)} from ${rowsOf(query)} where ${conditionsOf(dialect, query, conditions)} ${mentions} ${rest} order by t.id, ${part} limit ${atOnce}`.execute(
      db as never,
    )
    for (const row of rows) {
      const told = content ? saidOfCall(JSON.parse(row.content ?? '{}') as OtlpSpan) : undefined
      const number = isCost(query) ? told?.cost(query.metric) : Number(row.value)
      const names: [string, string | number][] = keys.map(({ name }, i) => [name, row[`k${i}`] as string | number])
      for (const dimension of query.dimensions)
        if (dimension in modelKeys) names.push([dimension, told?.text(modelKeys[dimension as 'span_model_name']) ?? ''])
      if (number === undefined || names.some(([, name]) => name === '' && content)) continue
      const id = JSON.stringify(names)
      const found = groups.get(id) ?? { group: Object.fromEntries(names), values: [] }
      if (found.values.length === 0) groups.set(id, found)
      found.values.push(number)
    }
    const last = rows.at(-1)
    if (!last || rows.length < atOnce) break
    after = { trace: last.trace, part: last.part }
  }
  const order = [...(query.bucketMs === undefined ? [] : ['time_bucket']), ...query.dimensions]
  return [...groups.values()]
    .toSorted((a, b) => byKeys(order.map((name) => [a.group[name], b.group[name]])))
    .slice(0, query.limit)
    .flatMap(({ group, values }) => {
      const sorted = Float64Array.from(values).sort()
      return pointOf(
        query,
        order.map((name) => group[name]),
        query.aggregations.map((one) => aggregate(one, sorted)),
      )
    })
}

function byKeys(pairs: readonly (readonly [string | number | undefined, string | number | undefined])[]): number {
  for (const [a = '', b = ''] of pairs) {
    if (a === b) continue
    return typeof a === 'number' && typeof b === 'number'
      ? a - b
      : Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)))
  }
  return 0
}

/** One number of values in order; a percentile is interpolated between its neighbours (Hyndman and Fan, type 7). */
function aggregate({ type, percentile = 0 }: Aggregation, sorted: Float64Array): number | null {
  if (sorted.length === 0) return null
  const sum = () => sorted.reduce((a, b) => a + b, 0)
  switch (type) {
    case 'COUNT':
      return sorted.length
    case 'SUM':
      return sum()
    case 'AVG':
      return sum() / sorted.length
    case 'MIN':
      return sorted[0] as number
    case 'MAX':
      return sorted.at(-1) as number
    case 'PERCENTILE': {
      const place = (percentile / 100) * (sorted.length - 1)
      const low = sorted[Math.floor(place)] as number
      const high = sorted[Math.ceil(place)] as number
      return low + (high - low) * (place - Math.floor(place))
    }
  }
}

function pointOf(query: MetricsQuery, keys: readonly unknown[], numbers: readonly (number | null)[]): Point[] {
  const names = [...(query.bucketMs === undefined ? [] : ['time_bucket']), ...query.dimensions]
  const values = query.aggregations.flatMap((one, i): [string, number][] => {
    const number = numbers[i]
    return number === null || number === undefined ? [] : [[labelOf(one), number]]
  })
  if (values.length === 0) return []
  const dimensions = names.map((name, i): [string, string] => [
    name,
    name === 'time_bucket' ? isoTime(Number(keys[i])).replace('.000Z', '+00:00') : String(keys[i]),
  ])
  return [
    {
      metric_name: query.metric,
      ...(dimensions.length === 0 ? {} : { dimensions: Object.fromEntries(dimensions) }),
      values: Object.fromEntries(values),
    },
  ]
}

/** What a span says of the model that it called. */
function saidOfCall(span: OtlpSpan) {
  const cost = json(attributeText(span, costKey)) as Record<string, unknown> | null
  return {
    cost: (name: string): number | undefined => {
      const value = typeof cost === 'object' && cost !== null ? cost[name] : undefined
      return typeof value === 'number' && Number.isFinite(value) ? value : undefined
    },
    text: (key: string): string | undefined => {
      const text = attributeText(span, key)
      const plain = json(text)
      return (typeof plain === 'string' ? plain : text)?.slice(0, 250)
    },
  }
}

function json(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '')
  } catch {
    return undefined
  }
}

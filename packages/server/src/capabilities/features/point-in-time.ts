import { toSql } from './expression.ts'
import type { CompiledView } from './online.ts'

const name = (text: string): string => `"${text.replaceAll('"', '""')}"`

/**
 * SQL that adds the features of a view to each row of relation `entities`, as of the row's own time, from rows of relation `rows` that were known by then:
 * `time - window < event_time <= time` and `known_at <= time`. Rows are first matched by key and by the two windows that can overlap, so the join is an equality
 * join whose size grows with rows in a window and not with their square. The order of the entities is kept. `otherKeys`: columns of the entities with further
 * keys that their rows may have.
 */
export function pointInTimeSql(
  view: CompiledView,
  input: { timeMs: string; keys: readonly string[]; otherKeys?: readonly string[]; columns: readonly string[] },
): string {
  const width = view.windowMs
  const keyOf = (alias: string, columns: readonly string[]) =>
    columns.map((column) => `${alias}.${column}::VARCHAR`).join(` || chr(31) || `)
  const { otherKeys = [] } = input
  const plainKey = keyOf('e', input.keys.map(name))
  const entityKey =
    otherKeys.length === 0
      ? plainKey
      : `unnest([${[plainKey, ...otherKeys.map((key) => `e.${name(key)}`)].join(', ')}])`
  const values = view.features.map(({ name: feature, expression, fallback }) => {
    const sql = `CASE WHEN count(r.row_id) = 0 THEN NULL ELSE ${toSql(expression, (column) => `r.${name(column)}`)} END`
    // Aggregates see matched rows only: an entity without any has one row of nulls from the outer join.
    return `${fallback === null ? sql : `coalesce(${sql}, ${fallback}::DOUBLE)`} AS ${name(feature)}`
  })
  return `
    WITH e AS (SELECT row_number() OVER () AS rid, *, ${input.timeMs} AS as_of FROM entities),
    k AS (SELECT rid, as_of, ${entityKey} AS entity_key FROM e),
    p AS (SELECT rid, as_of, entity_key, (as_of // ${width}) - o.back AS bucket FROM k, (VALUES (0), (1)) o(back)),
    d AS (SELECT *, event_time // ${width} AS bucket FROM (SELECT DISTINCT ON (row_id) * FROM rows)),
    m AS (
      SELECT p.rid, ${values.join(', ')}
      FROM p LEFT JOIN d r ON r.entity_key = p.entity_key AND r.bucket = p.bucket AND r.event_time <= p.as_of AND r.event_time > p.as_of - ${width} AND r.known_at <= p.as_of
      GROUP BY p.rid
    )
    SELECT ${[...input.columns.map((column) => `e.${name(column)}`), ...view.features.map((feature) => `m.${name(feature.name)}`)].join(', ')}
    FROM e JOIN m ON m.rid = e.rid ORDER BY e.rid`
}

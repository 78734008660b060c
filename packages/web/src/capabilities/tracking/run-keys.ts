import { groupTag, type RunRow } from '@trivium/contract'

/** A column of runs: `metrics.auc`, `params.kind`, `tags.team`. */
export interface RunColumn {
  readonly id: string
  readonly group: 'metrics' | 'params' | 'tags'
  readonly key: string
}

/** Reads a column's id; the key may hold dots. */
export function parseColumn(id: string): RunColumn | undefined {
  const found = /^(metrics|params|tags)\.(.+)$/s.exec(id)
  return found ? { id, group: found[1] as RunColumn['group'], key: found[2] ?? '' } : undefined
}

/** A column as filters and orders write it: keys that are no plain words stand in backticks. */
export function writeKey({ group, key }: RunColumn): string {
  return /^[A-Za-z_]\w*$/.test(key) ? `${group}.${key}` : `${group}.\`${key}\``
}

/** The URL's sort order as the API's `order_by`. */
export function toOrder(sort: string): string | undefined {
  const keys = sort
    .split(',')
    .filter((part) => part !== '' && part !== '-')
    .map((part) => {
      const id = part.replace(/^-/, '')
      const column = parseColumn(id)
      return `${column ? writeKey(column) : id}${part.startsWith('-') ? ' desc' : ' asc'}`
    })
  return keys.length === 0 ? undefined : keys.join(', ')
}

/** Tags that MLflow and we set for ourselves; they are shown elsewhere or not at all. The group of a run is chosen by people. */
export function isOwnTag(key: string): boolean {
  return (key.startsWith('mlflow.') || key.startsWith('trivium.')) && key !== groupTag
}

/** A run's value in a column, if it has one. */
export function valueOf(run: RunRow, id: string): number | string | undefined {
  const column = parseColumn(id)
  return column ? (run[column.group][column.key] ?? undefined) : undefined
}

/** The condition that finds runs with a value of a parameter or tag, or without one. */
export function writeEquals(column: RunColumn, value: string | null): string {
  if (value === null) return `${writeKey(column)} is null`
  return value.includes("'") ? `${writeKey(column)} = "${value}"` : `${writeKey(column)} = '${value}'`
}

/**
 * The two columns of a scatter where nobody chose: upright the metric that the table is sorted by or shows first; across a
 * parameter that differs between the runs, numbers before words, or else a second metric.
 */
export function usualAxes(
  runs: readonly RunRow[],
  metrics: readonly string[],
  params: readonly string[],
  sorted: string | undefined,
): { x: string | undefined; y: string | undefined } {
  const y = sorted !== undefined && metrics.includes(sorted) ? sorted : metrics[0]
  const values = (id: string) => new Set(runs.map((run) => valueOf(run, id)).filter((value) => value !== undefined))
  const different = params.filter((id) => values(id).size > 1)
  const numeric = different.find((id) => [...values(id)].every((value) => Number.isFinite(Number(value))))
  return { x: numeric ?? different[0] ?? metrics.find((id) => id !== y), y }
}

/** The metric whose curve a table shows where nobody chose: a loss, or else what the table is sorted by or shows first. */
export function usualCurve(metrics: readonly string[], sorted: string | undefined): string | undefined {
  const keys = metrics.map((id) => parseColumn(id)?.key ?? id)
  const loss = keys.find((key) => /(^|[^a-z])loss$/i.test(key))
  return loss ?? parseColumn(sorted ?? '')?.key ?? keys[0]
}

/** All of the chosen that were pinned already are unpinned, else all are pinned. */
export function togglePins(pins: readonly string[], chosen: readonly string[]): string[] {
  return chosen.every((id) => pins.includes(id))
    ? pins.filter((id) => !chosen.includes(id))
    : [...new Set([...pins, ...chosen])]
}

/** A column as the API takes it. */
export function writeColumn(id: string): string {
  const column = parseColumn(id)
  return column ? writeKey(column) : id
}

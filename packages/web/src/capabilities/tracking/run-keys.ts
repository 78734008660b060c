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

/** Tags that MLflow sets for itself; they are shown elsewhere or not at all. */
export function isOwnTag(key: string): boolean {
  return key.startsWith('mlflow.') || key.startsWith('trivium.')
}

import type { RunRow } from '@trivium/contract'

const column = /^(metrics|params|tags)\.(.+)$/s

/** A run's value in `metrics.auc`, `params.kind` or `tags.team`; null where it has none. */
export function cellOf(run: RunRow, id: string): number | string | null {
  const [, group, key] = column.exec(id) ?? []
  return group === undefined || key === undefined ? null : (run[group as 'metrics' | 'params' | 'tags'][key] ?? null)
}

/** `-metrics.val/auc,start_time` as an order of the API: keys that are no plain words stand in backticks. */
export function orderOf(sort: string): string {
  return sort
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '' && part !== '-')
    .map((part) => {
      const id = part.replace(/^-/, '')
      const [, group, key = ''] = column.exec(id) ?? []
      const written = group === undefined ? id : `${group}.\`${key.replaceAll('`', '')}\``
      return `${written} ${part.startsWith('-') ? 'desc' : 'asc'}`
    })
    .join(', ')
}

/** Both conditions, where there are both. */
export function bothFilters(first: string, second: string): string {
  return first === '' || second === '' ? first || second : `(${first}) and (${second})`
}

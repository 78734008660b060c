import type { SortingState } from '@tanstack/react-table'

/** Reads `-metrics.auc,name` as the URL and the API write it. */
export function parseSort(sort: string | undefined): SortingState {
  if (!sort) return []
  return sort
    .split(',')
    .filter((part) => part !== '' && part !== '-')
    .map((part) => (part.startsWith('-') ? { id: part.slice(1), desc: true } : { id: part, desc: false }))
}

/** Writes a sort order as the URL and the API read it. */
export function formatSort(state: SortingState): string {
  return state.map((key) => (key.desc ? `-${key.id}` : key.id)).join(',')
}

/** The order after a click on a head: down, up, none; Shift adds a second key. */
export function nextSort(sort: string | undefined, column: string, add: boolean): string {
  const state = parseSort(sort)
  const current = state.find((key) => key.id === column)
  const rest = add ? state.filter((key) => key.id !== column) : []
  if (!current) return formatSort([...rest, { id: column, desc: true }])
  if (current.desc) return formatSort([...rest, { id: column, desc: false }])
  return formatSort(rest)
}

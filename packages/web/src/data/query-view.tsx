import type { UseQueryResult } from '@tanstack/react-query'
import type { ApiError } from '@trivium/sdk'
import type { ReactNode } from 'react'
import { Denied, Loading, PanelError, Stale } from '../ui/page-states.tsx'

interface QueryViewProps<T> {
  readonly query: Pick<UseQueryResult<T, ApiError>, 'data' | 'error' | 'dataUpdatedAt' | 'isPlaceholderData'> & {
    readonly refetch: () => unknown
  }
  /** What is read, as it stands in a sentence: `the drift history`. */
  readonly what: string
  readonly shape?: 'table' | 'chart' | 'text' | 'facts'
  readonly rows?: number
  /** The permission that the route names; for the denied state. */
  readonly permission?: string
  readonly children: (data: T) => ReactNode
}

/** One panel: loading, error, denied and stale around what it shows; other panels are not touched. */
export function QueryView<T>({ query, what, shape = 'table', rows = 4, permission, children }: QueryViewProps<T>) {
  const { data, error } = query
  if (data !== undefined) {
    if (error && error.status === 0) return <Stale at={query.dataUpdatedAt}>{children(data)}</Stale>
    return (
      <div className="query-view" data-refreshing={query.isPlaceholderData || undefined}>
        {children(data)}
      </div>
    )
  }
  if (!error) return <Loading what={`Reading ${what}.`} shape={shape} rows={rows} />
  if (error.status === 403) return <Denied what={what} permission={permission} />
  if (error.status === 401) return null
  return (
    <PanelError
      title={`${what.charAt(0).toUpperCase()}${what.slice(1)} could not be read.`}
      requestId={error.requestId || undefined}
      onRetry={() => void query.refetch()}
    >
      {error.detail}
    </PanelError>
  )
}

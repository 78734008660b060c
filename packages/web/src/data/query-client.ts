import { ApiError } from '@trivium/sdk'
import { QueryClient } from '@tanstack/react-query'

/** What is worth another try: no answer, or a server that is briefly unwell. Never what the reader asked wrongly. */
export function isWorthRetrying(error: unknown): boolean {
  return (
    error instanceof ApiError &&
    (error.status === 0 || error.status === 502 || error.status === 503 || error.status === 504)
  )
}

/** Server state: kept while it is looked at, refreshed by events, old data shown while new is read. */
export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 30_000,
        gcTime: 5 * 60_000,
        refetchOnWindowFocus: false,
        retry: (count, error) => count < 2 && isWorthRetrying(error),
        retryDelay: (count) => Math.min(4000, 500 * 2 ** count),
        throwOnError: false,
      },
      mutations: { retry: false },
    },
  })
}

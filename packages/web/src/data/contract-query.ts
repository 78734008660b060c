import {
  type InfiniteData,
  type QueryKey,
  type UseQueryResult,
  infiniteQueryOptions,
  keepPreviousData,
  queryOptions,
  useInfiniteQuery,
  useQuery,
} from '@tanstack/react-query'
import type { ResultOf, Route } from '@trivium/contract'
import type { ApiError, CallInput, Client } from '@trivium/sdk'
import { useClient } from './data-context.tsx'

type Input<R extends Route> = Omit<CallInput<R>, 'signal' | 'headers'>

/** The key of a query: the route's stable name first, so that events and mutations can name what they change. */
export function contractKey(route: Route, input: { params?: unknown; query?: unknown; body?: unknown } = {}): QueryKey {
  const params = input.params as { project?: string } | undefined
  return [
    route.schema.operationId,
    params?.project ?? null,
    params ?? null,
    input.query ?? null,
    ...(input.body === undefined ? [] : [input.body]),
  ]
}

/** The query of a route, for prefetching and for `useQueries`. */
export function contractQueryOptions<R extends Route>(client: Client, route: R, input: Input<R>) {
  return queryOptions<ResultOf<R>, ApiError>({
    queryKey: contractKey(route, input as never),
    queryFn: ({ signal }) => client.call(route, { ...input, signal } as CallInput<R>),
  })
}

interface QueryExtras {
  /** Reads nothing until then. */
  readonly enabled?: boolean
  /** Keeps the rows of the last filter on screen, dimmed, while the next are read. */
  readonly keep?: boolean
  readonly staleTime?: number
  readonly refetchInterval?: number | false
}

/** Reads a route of the contract: `useContractQuery(getModel, { params: { project, model } })`. */
export function useContractQuery<R extends Route>(
  route: R,
  input: Input<R>,
  { enabled = true, keep = false, staleTime, refetchInterval }: QueryExtras = {},
): UseQueryResult<ResultOf<R>, ApiError> {
  return useQuery<ResultOf<R>, ApiError>({
    ...contractQueryOptions(useClient(), route, input),
    enabled,
    ...(staleTime === undefined ? {} : { staleTime }),
    ...(refetchInterval === undefined ? {} : { refetchInterval }),
    ...(keep ? { placeholderData: keepPreviousData as never } : {}),
  })
}

interface Page {
  readonly nextPageToken?: string | null
}

/** Reads a list page by page; `pages.fetchNextPage()` reads on. */
export function useContractPages<R extends Route>(
  route: R,
  input: Input<R>,
  { enabled = true }: { readonly enabled?: boolean } = {},
) {
  const client = useClient()
  const query = (input as { query?: Record<string, unknown> }).query
  return useInfiniteQuery<ResultOf<R>, ApiError, InfiniteData<ResultOf<R>>, QueryKey, string>({
    ...infiniteQueryOptions<ResultOf<R>, ApiError, InfiniteData<ResultOf<R>>, QueryKey, string>({
      queryKey: [...contractKey(route, input as never), 'pages'],
      queryFn: ({ signal, pageParam }) =>
        client.call(route, {
          ...input,
          query: { ...query, ...(pageParam ? { page_token: pageParam } : {}) },
          signal,
        } as never) as Promise<ResultOf<R>>,
      initialPageParam: '',
      getNextPageParam: (last) => (last as Page).nextPageToken ?? undefined,
    }),
    enabled,
  })
}

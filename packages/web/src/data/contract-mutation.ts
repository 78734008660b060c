import { useMutation, type UseMutationResult, useQueryClient } from '@tanstack/react-query'
import type { ResultOf, Route } from '@trivium/contract'
import type { ApiError, CallInput } from '@trivium/sdk'
import { useClient } from './data-context.tsx'

interface MutationExtras<R extends Route> {
  /** The routes whose answers this changes; their queries on screen are read again before the mutation counts as done. */
  readonly invalidates?: readonly Route[]
  readonly onDone?: (result: ResultOf<R>) => void
}

/** Changes something: `const approve = useContractMutation(decideInboxItem, { invalidates: [listInbox] })`, then `approve.mutate({ params, body })`. */
export function useContractMutation<R extends Route>(
  route: R,
  { invalidates = [], onDone }: MutationExtras<R> = {},
): UseMutationResult<ResultOf<R>, ApiError, Omit<CallInput<R>, 'signal' | 'headers'>> {
  const client = useClient()
  const queryClient = useQueryClient()
  return useMutation<ResultOf<R>, ApiError, Omit<CallInput<R>, 'signal' | 'headers'>>({
    mutationKey: [route.schema.operationId],
    mutationFn: (input) => client.call(route, input as CallInput<R>),
    onSuccess: async (result) => {
      await Promise.all(
        invalidates.map((changed) => queryClient.invalidateQueries({ queryKey: [changed.schema.operationId] })),
      )
      onDone?.(result)
    },
  })
}

import { archiveRuns, groupRuns, searchRuns } from '@trivium/contract'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { formatPlural } from '../../ui/format-number.ts'
import { useToasts } from '../../ui/undo-toast.tsx'

/** Puts runs into the archive or takes them out of it, and offers to undo that. */
export function useArchive(project: string, onDone: () => void): (runs: readonly string[], archived: boolean) => void {
  const toasts = useToasts()
  const archive = useContractMutation(archiveRuns, { invalidates: [searchRuns, groupRuns] })
  const params = { project }
  return (runs, archived) =>
    archive.mutate(
      { params, body: { runs: [...runs], archived } },
      {
        onSuccess: () => {
          onDone()
          const what = archived ? 'archived' : 'taken out of the archive'
          toasts.undo(`${formatPlural(runs.length, 'run')} ${what}`, () =>
            archive.mutate({ params, body: { runs: [...runs], archived: !archived } }),
          )
        },
      },
    )
}

import { listImports } from '@trivium/contract'
import { useContractQuery } from '../../data/contract-query.ts'
import { AppLink } from '../../ui/app-link.tsx'

/** Says where the runs of an experiment came from, if they were brought from another tracker. */
export function ImportedFrom({ project, experiment }: { readonly project: string; readonly experiment: string }) {
  const { data } = useContractQuery(listImports, { params: { project }, query: { limit: 100 } })
  const found = data?.imports.find((one) => one.experiments.some(({ id }) => id === experiment))
  if (!found) return null
  return (
    <p className="t2">
      Imported from {found.source}.{' '}
      <AppLink className="link" href={`/p/${encodeURIComponent(project)}/settings?tab=imports`}>
        How both sides compare
      </AppLink>
    </p>
  )
}

import { getExperiment } from '@trivium/contract'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { usePageParams } from '../../shell/use-page-params.ts'
import { ImportedFrom } from '../imports/imported-from.tsx'
import { ExperimentView } from './experiment-view.tsx'
import { NoExperiment } from './no-experiment.tsx'

/** Runs of one experiment; the address holds its name, or its id. */
export function Page() {
  const { project, experiment } = usePageParams<'experiment'>()
  const query = useContractQuery(getExperiment, { params: { project, experiment } })
  if (query.error?.status === 404) return <NoExperiment project={project} name={experiment} />
  return (
    <QueryView query={query} what="the experiment" shape="table" permission="run:read">
      {(found) => (
        <>
          <ExperimentView key={found.id} project={project} experiment={found} />
          <ImportedFrom project={project} experiment={found.id} />
        </>
      )}
    </QueryView>
  )
}

import { listExperiments } from '@trivium/contract'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { usePageParams } from '../../shell/use-page-params.ts'
import { AppLink } from '../../ui/app-link.tsx'
import { PageHeader } from '../../ui/page-header.tsx'
import { ImportedFrom } from '../imports/imported-from.tsx'
import { ExperimentView } from './experiment-view.tsx'

/** Runs of one experiment; the address holds its name, or its id. */
export function Page() {
  const { project, experiment } = usePageParams<'experiment'>()
  const query = useContractQuery(listExperiments, { params: { project }, query: { limit: 1000, view: 'all' } })
  return (
    <QueryView query={query} what="the experiment" shape="table" permission="run:read">
      {({ experiments }) => {
        const found =
          experiments.find((one) => one.name === experiment) ?? experiments.find((one) => one.id === experiment)
        return found ? (
          <>
            <ExperimentView key={found.id} project={project} experiment={found} />
            <ImportedFrom project={project} experiment={found.id} />
          </>
        ) : (
          <>
            <PageHeader kind="experiment" title={experiment} />
            <p className="t2 mt-16">
              There is no experiment “{experiment}” in this project. It may have been renamed:{' '}
              <AppLink className="link" href={`/p/${encodeURIComponent(project)}/experiments`}>
                see those that there are
              </AppLink>
              .
            </p>
          </>
        )
      }}
    </QueryView>
  )
}

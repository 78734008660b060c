import { getFrontier } from '@trivium/contract'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { text, useSearchState } from '../../shell/search-state.ts'
import { usePageParams } from '../../shell/use-page-params.ts'
import { PageHeader } from '../../ui/page-header.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { Choice } from '../tracking/choice.tsx'
import { FrontierView } from './frontier-view.tsx'

const shape = { metric: text() }

/** The frontier of a model: of the experiments whose runs became its versions. */
export function Page() {
  const { project, model } = usePageParams<'model'>()
  const [view, setView] = useSearchState(shape)
  const query = useContractQuery(
    getFrontier,
    { params: { project }, query: { model, ...(view.metric === '' ? {} : { metric: view.metric }) } },
    { keep: true },
  )
  const metric = query.data?.metric ?? ''
  return (
    <>
      <PageHeader
        kind="model"
        title={model}
        note={
          query.data &&
          query.data.problem.experiments.length > 0 && (
            <span className="row tight">
              what was tried for it in
              {query.data.problem.experiments.map((one) => (
                <EntityLink key={one.id} kind="experiment" name={one.name} look="bare" />
              ))}
            </span>
          )
        }
        actions={
          metric !== '' && (
            <Choice
              label="Metric"
              value={metric}
              options={(query.data?.metrics ?? []).map((key) => ({ value: key, label: key }))}
              onChange={(chosen) => setView({ metric: chosen }, { push: true })}
            />
          )
        }
      />
      <QueryView query={query} what="the frontier" permission="run:read" rows={8}>
        {(frontier) => <FrontierView project={project} frontier={frontier} />}
      </QueryView>
    </>
  )
}

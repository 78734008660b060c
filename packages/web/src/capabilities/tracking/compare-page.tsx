import { compareRuns } from '@trivium/contract'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { list, text, useSearchState } from '../../shell/search-state.ts'
import { usePageParams } from '../../shell/use-page-params.ts'
import { PageHeader } from '../../ui/page-header.tsx'
import { CompareView } from './compare-view.tsx'

const shape = { ids: list(), base: text(), higher: list(), lower: list() }

/** Runs side by side: what they measured, and what differs between them; the baseline comes first. */
export function Page() {
  const { project } = usePageParams()
  const [view, setView] = useSearchState(shape)
  const base = view.ids.includes(view.base) ? view.base : view.ids[0]
  const ids = [...new Set([...(base === undefined ? [] : [base]), ...view.ids])]
  const chosen = {
    ...(view.higher.length > 0 ? { higher: view.higher.join(',') } : {}),
    ...(view.lower.length > 0 ? { lower: view.lower.join(',') } : {}),
  }
  const query = useContractQuery(
    compareRuns,
    { params: { project }, query: { runs: ids.join(','), ...chosen } },
    { enabled: ids.length > 1, keep: true },
  )
  if (ids.length < 2)
    return (
      <>
        <PageHeader title="Compare runs" />
        <p className="t2 mt-16">
          Choose two runs or more in a table of runs and press <kbd>C</kbd>, or name them in the address:{' '}
          <code>?ids=A,B&base=A</code>.
        </p>
      </>
    )
  return (
    <QueryView query={query} what="the comparison" permission="run:read" rows={8}>
      {(data) => (
        <CompareView
          project={project}
          comparison={data}
          onBase={(id) => setView({ base: id })}
          onDirection={(key, direction) => {
            const without = (keys: readonly string[]) => keys.filter((one) => one !== key)
            setView({
              higher: [...without(view.higher), ...(direction === 'higher' ? [key] : [])],
              lower: [...without(view.lower), ...(direction === 'lower' ? [key] : [])],
            })
          }}
          onRemove={ids.length > 2 ? (id) => setView({ ids: view.ids.filter((one) => one !== id) }) : undefined}
        />
      )}
    </QueryView>
  )
}

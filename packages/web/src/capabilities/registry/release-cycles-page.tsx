import { oneOf, useSearchState } from '../../shell/search-state.ts'
import { usePageParams } from '../../shell/use-page-params.ts'
import { PageHeader } from '../../ui/page-header.tsx'
import { TabPanel, Tabs } from '../../ui/tabs.tsx'
import { HandOvers } from './hand-overs.tsx'
import { ProductionTime } from './production-time.tsx'
import { ReleaseCycles } from './release-cycles.tsx'

const shape = { tab: oneOf(['times', 'hands', 'work'], 'times') }

/** How long versions of the project take from registration to replacement, who had them, what waits, and what work production takes. */
export function Page() {
  const { project } = usePageParams()
  const [view, setView] = useSearchState(shape)
  return (
    <>
      <PageHeader title="Release cycles" />
      <Tabs
        value={view.tab}
        onChange={(tab) => setView({ tab: tab as typeof view.tab })}
        tabs={[
          { id: 'times', label: 'Times' },
          { id: 'hands', label: 'Hand-overs' },
          { id: 'work', label: 'Work on production' },
        ]}
      />
      <TabPanel tab={view.tab}>
        {view.tab === 'times' && <ReleaseCycles project={project} />}
        {view.tab === 'hands' && <HandOvers project={project} />}
        {view.tab === 'work' && <ProductionTime project={project} />}
      </TabPanel>
    </>
  )
}

import { getExperiment, getFrontier } from '@trivium/contract'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { oneOf, text, useSearchState } from '../../shell/search-state.ts'
import { usePageParams } from '../../shell/use-page-params.ts'
import { Button } from '../../ui/button.tsx'
import { PageHeader } from '../../ui/page-header.tsx'
import { TabPanel, Tabs } from '../../ui/tabs.tsx'
import { Choice } from '../tracking/choice.tsx'
import { NoExperiment } from '../tracking/no-experiment.tsx'
import { BaselinesView } from './baselines-view.tsx'
import { CodeForksView } from './code-forks-view.tsx'
import { DraftsList } from './drafts-list.tsx'
import { ExplanationView } from './explanation-view.tsx'
import { FrontierView } from './frontier-view.tsx'
import { IdeasView } from './ideas-view.tsx'

const shape = {
  tab: oneOf(['frontier', 'ideas', 'explained', 'drafts', 'baselines', 'code'], 'frontier'),
  metric: text(),
}

/** What is learned in one experiment: the frontier, its ideas, what explains its metric, and drafted notes. */
export function Page() {
  const { project, experiment } = usePageParams<'experiment'>()
  const query = useContractQuery(getExperiment, { params: { project, experiment } })
  if (query.error?.status === 404) return <NoExperiment project={project} name={experiment} />
  return (
    <QueryView query={query} what="the experiment" permission="run:read">
      {(found) => <ExperimentFrontier project={project} experiment={found} />}
    </QueryView>
  )
}

interface ExperimentFrontierProps {
  readonly project: string
  readonly experiment: { readonly id: string; readonly name: string }
}

function ExperimentFrontier({ project, experiment }: ExperimentFrontierProps) {
  const [view, setView] = useSearchState(shape)
  const query = useContractQuery(
    getFrontier,
    {
      params: { project },
      query: { experiment: experiment.id, ...(view.metric === '' ? {} : { metric: view.metric }) },
    },
    { keep: true },
  )
  const metric = query.data?.metric ?? ''
  return (
    <>
      <PageHeader
        kind="experiment"
        title={experiment.name}
        note="what was tried and learned"
        actions={
          <>
            {(view.tab === 'frontier' || view.tab === 'explained' || view.tab === 'code') && metric !== '' && (
              <Choice
                label="Metric"
                value={metric}
                options={(query.data?.metrics ?? []).map((key) => ({ value: key, label: key }))}
                onChange={(chosen) => setView({ metric: chosen }, { push: true })}
              />
            )}
            <Button href={`/p/${encodeURIComponent(project)}/experiments/${encodeURIComponent(experiment.name)}`}>
              Its runs
            </Button>
          </>
        }
      />
      <Tabs
        value={view.tab}
        onChange={(tab) => setView({ tab: tab as typeof view.tab })}
        tabs={[
          { id: 'frontier', label: 'Frontier' },
          { id: 'ideas', label: 'Ideas', count: query.data?.ideas.length },
          { id: 'explained', label: 'What explains it' },
          { id: 'drafts', label: 'Drafts' },
          { id: 'baselines', label: 'Baselines' },
          { id: 'code', label: 'Code' },
        ]}
      />
      <TabPanel tab={view.tab}>
        {view.tab === 'frontier' && (
          <QueryView query={query} what="the frontier" permission="run:read" rows={8}>
            {(frontier) => <FrontierView project={project} frontier={frontier} />}
          </QueryView>
        )}
        {view.tab === 'ideas' && <IdeasView project={project} experiment={experiment} />}
        {view.tab === 'explained' && <ExplanationView project={project} experiment={experiment.id} metric={metric} />}
        {view.tab === 'drafts' && <DraftsList project={project} experiment={experiment.id} />}
        {view.tab === 'code' && <CodeForksView project={project} experiment={experiment} metric={metric} />}
        {view.tab === 'baselines' && <BaselinesView project={project} experiment={experiment.id} />}
      </TabPanel>
    </>
  )
}

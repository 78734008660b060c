import { listPipelineRuns, listPipelines, type PipelineSummary } from '@trivium/contract'
import { Strip } from '../../charts/strip.tsx'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { text, useSearchState } from '../../shell/search-state.ts'
import { usePageParams } from '../../shell/use-page-params.ts'
import { DataTable } from '../../ui/data-table.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { entityUrl } from '../../ui/entity-url.ts'
import { formatPlural } from '../../ui/format-number.ts'
import { PageHeader } from '../../ui/page-header.tsx'
import { Empty } from '../../ui/page-states.tsx'
import { Section } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'
import { QueueSection } from './queue-section.tsx'
import { runState } from './run-state.ts'
import { RunsTable } from './runs-table.tsx'

const shape = { sort: text() }

/** Pipelines with their newest runs. */
export function Page() {
  const { project } = usePageParams()
  const [view, setView] = useSearchState(shape)
  const pipelines = useContractQuery(listPipelines, { params: { project } })
  const runs = useContractQuery(listPipelineRuns, { params: { project }, query: { limit: 30 } })
  const running = runs.data?.runs.filter((run) => run.state === 'running').length ?? 0
  return (
    <>
      <PageHeader
        title="Pipelines"
        note={
          pipelines.data &&
          `${formatPlural(pipelines.data.pipelines.length, 'pipeline')}${running > 0 ? `, ${running} running` : ''}`
        }
      />
      <QueryView query={pipelines} what="the pipelines" permission="pipeline:read">
        {(data) =>
          data.pipelines.length === 0 ? (
            <Empty
              title="No pipeline yet"
              steps={[{ title: 'Save and start one', command: 'trivium run pipeline.yaml --wait', waiting: true }]}
            >
              Pipelines appear here with their runs, triggers and what was cached.
            </Empty>
          ) : (
            <DataTable
              label="Pipelines"
              rows={data.pipelines}
              rowKey={(one) => one.name}
              rowHref={(one) => entityUrl({ kind: 'pipeline', name: one.name }, project)}
              sort={view.sort}
              onSortChange={(sort) => setView({ sort })}
              columns={[
                {
                  id: 'name',
                  head: 'Pipeline',
                  sticky: true,
                  sortBy: (one: PipelineSummary) => one.name,
                  cell: (one) => <EntityLink kind="pipeline" name={one.name} look="name" strong />,
                },
                {
                  id: 'last',
                  head: 'Last run',
                  cell: (one) => {
                    const last = one.recentRuns[0]
                    return last ? (
                      <State kind={runState(last).kind}>{runState(last).word}</State>
                    ) : (
                      <State kind="idle">never ran</State>
                    )
                  },
                },
                {
                  id: 'runs',
                  head: 'Last ten',
                  cell: (one) => (
                    <Strip
                      label={`Last runs of ${one.name}`}
                      periods={one.recentRuns.toReversed().map((run) => ({ label: run.id, state: runState(run).kind }))}
                    />
                  ),
                },
                {
                  id: 'steps',
                  head: 'Steps',
                  cut: true,
                  cell: (one) => <span className="t2">{one.steps.map((step) => step.name).join(', ')}</span>,
                },
                {
                  id: 'triggers',
                  head: 'Starts by',
                  cell: (one) => (one.triggers.length === 0 ? 'hand' : one.triggers.join(', ')),
                },
                { id: 'version', head: 'Version', align: 'right', cell: (one) => `v${one.latest.version}` },
                {
                  id: 'changed',
                  head: 'Changed',
                  align: 'right',
                  sortBy: (one) => one.latest.createdAt,
                  cell: (one) => <Time at={one.latest.createdAt} show="age" />,
                },
              ]}
            />
          )
        }
      </QueryView>
      <QueueSection project={project} />
      <Section title="Runs" note="newest first">
        <QueryView query={runs} what="the runs">
          {(data) =>
            data.runs.length === 0 ? (
              <p className="t2">No run yet.</p>
            ) : (
              <RunsTable project={project} runs={data.runs} withPipeline />
            )
          }
        </QueryView>
      </Section>
    </>
  )
}

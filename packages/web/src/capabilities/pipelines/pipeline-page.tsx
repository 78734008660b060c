import { getPipeline, listPipelineRuns, listPipelineTriggers, startPipelineRun } from '@trivium/contract'
import { useRouter } from '@tanstack/react-router'
import { Graph } from '../../charts/graph.tsx'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { oneOf, useSearchState } from '../../shell/search-state.ts'
import { usePageParams } from '../../shell/use-page-params.ts'
import { Button } from '../../ui/button.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { Duration } from '../../ui/duration.tsx'
import { Facts } from '../../ui/facts.tsx'
import { Hash } from '../../ui/hash.tsx'
import { Claim, PageHeader } from '../../ui/page-header.tsx'
import { Section } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'
import { TabPanel, Tabs } from '../../ui/tabs.tsx'
import { Time } from '../../ui/time.tsx'
import { runState } from './run-state.ts'
import { runHref, RunsTable } from './runs-table.tsx'

const shape = { tab: oneOf(['runs', 'definition', 'triggers'], 'runs') }

/** One pipeline: its steps, runs, triggers and why each did or did not fire. */
export function Page() {
  const { project, pipeline: name } = usePageParams<'pipeline'>()
  const router = useRouter()
  const [view, setView] = useSearchState(shape)
  const pipeline = useContractQuery(getPipeline, { params: { project, pipeline: name }, query: {} })
  const runs = useContractQuery(listPipelineRuns, { params: { project }, query: { pipeline: name, limit: 100 } })
  const triggers = useContractQuery(
    listPipelineTriggers,
    { params: { project, pipeline: name }, query: { limit: 50 } },
    { enabled: view.tab === 'triggers' },
  )
  const start = useContractMutation(startPipelineRun, {
    invalidates: [listPipelineRuns],
    onDone: (run) => router.history.push(runHref(project, run)),
  })
  return (
    <QueryView query={pipeline} what="the pipeline" shape="facts" permission="pipeline:read">
      {(data) => (
        <>
          <PageHeader
            kind="pipeline"
            title={data.name}
            version={data.version}
            actions={
              <Button
                look="primary"
                pending={start.isPending}
                onClick={() => start.mutate({ params: { project, pipeline: name }, body: {} })}
              >
                Start run
              </Button>
            }
          />
          {start.error && <State kind="bad">{start.error.detail}</State>}
          <Facts
            facts={[
              { label: 'Steps', value: data.definition.steps.length },
              {
                label: 'Environment',
                value: data.definition.environment ? (
                  <span className="mono">{data.definition.environment.lock}</span>
                ) : (
                  'plain interpreter'
                ),
              },
              { label: 'Code', value: <Hash value={data.definition.codeDigest} /> },
              {
                label: 'Starts by',
                value:
                  data.definition.triggers.length === 0
                    ? 'hand'
                    : data.definition.triggers.map((one) => one.name).join(', '),
              },
              {
                label: 'Saved',
                value: (
                  <>
                    <Time at={data.createdAt} /> by {data.createdByName}
                  </>
                ),
              },
            ]}
          />
          {data.description !== '' && <Claim>{data.description}</Claim>}
          <div className="mt-12" />
          <Graph
            label={`Steps of ${data.name}`}
            maxHeight={260}
            nodes={data.definition.steps.map((step) => ({ id: step.name, name: step.name, fact: step.kind }))}
            edges={data.definition.steps.flatMap((step) => step.needs.map((need) => ({ from: need, to: step.name })))}
          />
          <Tabs
            value={view.tab}
            onChange={(tab) => setView({ tab: tab as typeof view.tab })}
            tabs={[
              { id: 'runs', label: 'Runs', count: runs.data?.runs.length },
              { id: 'definition', label: 'Definition' },
              { id: 'triggers', label: 'Triggers', count: data.definition.triggers.length },
            ]}
          />
          <TabPanel tab={view.tab}>
            {view.tab === 'runs' && (
              <QueryView query={runs} what="the runs">
                {(list) =>
                  list.runs.length === 0 ? (
                    <p className="t2">No run yet.</p>
                  ) : (
                    <RunsTable project={project} runs={list.runs} />
                  )
                }
              </QueryView>
            )}
            {view.tab === 'definition' && <pre className="well mono">{data.yaml}</pre>}
            {view.tab === 'triggers' && (
              <QueryView query={triggers} what="the triggers">
                {(list) => (
                  <>
                    <Section title="Triggers">
                      <DataTable
                        label="Triggers"
                        keys={false}
                        rows={list.triggers}
                        rowKey={(one) => one.name}
                        columns={[
                          { id: 'name', head: 'Trigger', cell: (one) => <span className="m">{one.name}</span> },
                          {
                            id: 'when',
                            head: 'When',
                            cell: (one) =>
                              one.on ? `on ${one.on.events.join(' or ')}` : (one.schedule?.cron ?? 'every so often'),
                          },
                          {
                            id: 'cooldown',
                            head: 'Cooldown',
                            align: 'right',
                            cell: (one) => <Duration ms={one.cooldownMs} />,
                          },
                          {
                            id: 'every',
                            head: 'Between two',
                            align: 'right',
                            cell: (one) =>
                              one.cadence.backToBack ? 'back to back' : <Duration ms={one.cadence.everyMs} />,
                          },
                          {
                            id: 'takes',
                            head: 'A run takes',
                            align: 'right',
                            cell: (one) =>
                              one.cadence.warning === null ? (
                                <Duration ms={one.cadence.longestMs} />
                              ) : (
                                <State kind="warn">
                                  <Duration ms={one.cadence.longestMs} />
                                </State>
                              ),
                          },
                          {
                            id: 'outcome',
                            head: 'Last run',
                            cell: (one) =>
                              one.cadence.lastRun === null ? (
                                <State kind="idle">never ran</State>
                              ) : (
                                <State kind={runState(one.cadence.lastRun).kind}>
                                  {runState(one.cadence.lastRun).word}
                                </State>
                              ),
                          },
                          {
                            id: 'until',
                            head: 'Cools down until',
                            align: 'right',
                            cell: (one) => <Time at={one.cooldownUntil} clock="event" />,
                          },
                          {
                            id: 'last',
                            head: 'Last word',
                            cut: true,
                            cell: (one) => (
                              <span className="t2">{one.lastEvaluation?.reason ?? 'never looked at'}</span>
                            ),
                          },
                        ]}
                      />
                      {list.triggers
                        .filter((one) => one.cadence.warning !== null)
                        .map((one) => (
                          <p key={one.name}>
                            <State kind="warn">{one.name}</State> {one.cadence.warning}
                          </p>
                        ))}
                    </Section>
                    <Section title="Evaluations" note="every time that a trigger was looked at, and what came of it">
                      <DataTable
                        label="Evaluations of triggers"
                        keys={false}
                        density="compact"
                        rows={list.evaluations}
                        rowKey={(one) => one.id}
                        columns={[
                          { id: 'at', head: 'Event time', cell: (one) => <Time at={one.eventTime} clock="event" /> },
                          { id: 'trigger', head: 'Trigger', cell: (one) => one.trigger },
                          {
                            id: 'outcome',
                            head: 'Outcome',
                            cell: (one) => (
                              <State kind={one.outcome === 'fired' ? 'ok' : one.outcome === 'failed' ? 'bad' : 'idle'}>
                                {one.outcome.replace('-', ' ')}
                              </State>
                            ),
                          },
                          { id: 'reason', head: 'Why', cut: true, cell: (one) => one.reason },
                        ]}
                      />
                    </Section>
                  </>
                )}
              </QueryView>
            )}
          </TabPanel>
        </>
      )}
    </QueryView>
  )
}

import { type Deployment, getDeployment, listDeployments, listReleases, rollBackDeployment } from '@trivium/contract'
import { useState } from 'react'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { usePageActions } from '../../shell/page-actions.tsx'
import { oneOf, useSearchState } from '../../shell/search-state.ts'
import { usePageParams } from '../../shell/use-page-params.ts'
import { Button } from '../../ui/button.tsx'
import { ConfirmLoss } from '../../ui/confirm-loss.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { Facts } from '../../ui/facts.tsx'
import { Hash } from '../../ui/hash.tsx'
import { Claim, PageHeader } from '../../ui/page-header.tsx'
import { Section, WithAside } from '../../ui/section.tsx'
import { TabPanel, Tabs } from '../../ui/tabs.tsx'
import { Time } from '../../ui/time.tsx'
import { Value } from '../../ui/value.tsx'
import { deploymentState } from './deployment-state.ts'
import { PredictionsTable } from './predictions-table.tsx'
import { RestoreSection } from './restore-section.tsx'
import { TrafficCharts } from './traffic-charts.tsx'
import { TryIt } from './try-it.tsx'

const shape = { tab: oneOf(['overview', 'predictions', 'releases'], 'overview') }

/** One deployment: what answers, how fast, how often, and what it said. */
export function Page() {
  const { project, deployment } = usePageParams<'deployment'>()
  const query = useContractQuery(getDeployment, { params: { project, deployment } }, { refetchInterval: 10_000 })
  return (
    <QueryView query={query} what="the deployment" shape="facts" permission="deployment:read">
      {(data) => <DeploymentView project={project} deployment={data} />}
    </QueryView>
  )
}

function DeploymentView({ project, deployment }: { readonly project: string; readonly deployment: Deployment }) {
  const [view, setView] = useSearchState(shape)
  const [asking, setAsking] = useState(false)
  const back = useContractMutation(rollBackDeployment, {
    invalidates: [getDeployment, listDeployments, listReleases],
    onDone: () => setAsking(false),
  })
  const releases = useContractQuery(
    listReleases,
    { params: { project, deployment: deployment.name } },
    { enabled: view.tab !== 'predictions' },
  )
  const { traffic, current, previous } = deployment
  usePageActions(
    previous
      ? [
          {
            label: `Roll back ${deployment.name} to v${previous.manifest.version}`,
            what: 'asks first',
            run: () => setAsking(true),
          },
        ]
      : [],
  )
  return (
    <>
      <PageHeader
        kind="deployment"
        title={deployment.name}
        state={deploymentState(deployment)}
        actions={
          previous && (
            <Button look="danger" onClick={() => setAsking(true)}>
              Roll back to v{previous.manifest.version}
            </Button>
          )
        }
      />
      <Facts
        facts={[
          {
            label: 'Endpoint',
            value: <span className="mono">{new URL(deployment.predictUrl, window.location.origin).pathname}</span>,
          },
          { label: 'Traffic now', value: <Value value={traffic.perSecond} decimals={1} unit="/s" /> },
          deployment.requestsPerMinute !== null && {
            label: 'Limit of a token',
            value: <Value value={deployment.requestsPerMinute} form="count" unit="/min" />,
          },
          { label: 'p99', value: <Value value={traffic.p99Ms} decimals={2} unit="ms" /> },
          {
            label: 'Failed since start',
            value: (
              <>
                <Value value={traffic.failed} form="count" /> of <Value value={traffic.requests} form="count" />
              </>
            ),
          },
          { label: 'Runtime', value: 'ONNX, in the gateway' },
          current && {
            label: 'Release',
            value: (
              <>
                <Hash value={current.id} form="id" /> by {current.createdByName}, <Time at={current.createdAt} />
              </>
            ),
          },
        ]}
      />
      {deployment.problem !== null && <Claim>{deployment.problem}</Claim>}
      <Tabs
        value={view.tab}
        onChange={(tab) => setView({ tab: tab as typeof view.tab })}
        tabs={[
          { id: 'overview', label: 'Overview' },
          { id: 'predictions', label: 'Predictions' },
          { id: 'releases', label: 'Releases', count: releases.data?.releases.length },
        ]}
      />
      <TabPanel tab={view.tab}>
        {view.tab === 'overview' && (
          <WithAside asideLabel="Try it" aside={current ? <TryIt project={project} deployment={deployment} /> : null}>
            <TrafficCharts project={project} deployment={deployment} />
            <Section title="Predictions" note="newest first">
              <PredictionsTable project={project} deployment={deployment.name} limit={12} />
            </Section>
          </WithAside>
        )}
        {view.tab === 'predictions' && (
          <PredictionsTable project={project} deployment={deployment.name} limit={200} filters />
        )}
        {view.tab === 'releases' && (
          <>
            {previous && <RestoreSection project={project} deployment={deployment} />}
            <Section title="Moves of the pointer" note="newest first">
              <DataTable
                label="Moves"
                keys={false}
                rows={deployment.activations}
                rowKey={(move) => `${move.release}/${move.at}`}
                columns={[
                  {
                    id: 'what',
                    head: 'What',
                    cell: (move) => (move.kind === 'rollback' ? 'rolled back to' : 'deployed'),
                  },
                  {
                    id: 'version',
                    head: 'Version',
                    cell: (move) => <EntityLink kind="model" name={move.model} version={move.version} look="bare" />,
                  },
                  {
                    id: 'event',
                    head: 'Event time',
                    align: 'right',
                    cell: (move) => <Time at={move.eventTime} clock="event" />,
                  },
                  { id: 'by', head: 'By', cell: (move) => move.byName },
                  { id: 'why', head: 'Why', cut: true, cell: (move) => move.reason ?? <span className="t3">–</span> },
                  { id: 'at', head: 'When', align: 'right', cell: (move) => <Time at={move.at} show="age" /> },
                ]}
              />
            </Section>
            <Section title="Releases" note="each is fixed for ever">
              <QueryView query={releases} what="the releases">
                {(list) => (
                  <DataTable
                    label="Releases"
                    keys={false}
                    rows={list.releases}
                    rowKey={(release) => release.id}
                    tone={(release) => (release.active ? 'selected' : undefined)}
                    columns={[
                      { id: 'number', head: 'Release', align: 'right', cell: (release) => release.number },
                      {
                        id: 'model',
                        head: 'Model',
                        cell: (release) => (
                          <EntityLink
                            kind="model"
                            name={release.manifest.model}
                            version={release.manifest.version}
                            look="bare"
                          />
                        ),
                      },
                      { id: 'digest', head: 'Manifest', cell: (release) => <Hash value={release.digest} /> },
                      {
                        id: 'file',
                        head: 'Model file',
                        cell: (release) => <Hash value={release.manifest.file.digest} />,
                      },
                      {
                        id: 'features',
                        head: 'Looks up',
                        cell: (release) =>
                          release.manifest.features.map((one) => `${one.view} v${one.version}`).join(', ') || (
                            <span className="t3">–</span>
                          ),
                      },
                      {
                        id: 'evidence',
                        head: 'Evidence',
                        align: 'right',
                        cell: (release) => <Value value={release.manifest.evidence.length} form="count" />,
                      },
                      {
                        id: 'made',
                        head: 'Made',
                        align: 'right',
                        cell: (release) => <Time at={release.createdAt} show="age" />,
                      },
                    ]}
                  />
                )}
              </QueryView>
            </Section>
          </>
        )}
      </TabPanel>
      {previous && (
        <ConfirmLoss
          opened={asking}
          onClose={() => setAsking(false)}
          weight="live"
          title={`Roll back ${deployment.name} to v${previous.manifest.version}`}
          action={`Roll back to v${previous.manifest.version}`}
          onConfirm={() => back.mutate({ params: { project, deployment: deployment.name }, body: {} })}
          pending={back.isPending}
          error={back.error?.detail}
        >
          New requests are answered by v{previous.manifest.version} in under a second. Requests under way finish on v
          {current?.manifest.version}; none is lost. It can be deployed again.
        </ConfirmLoss>
      )}
    </>
  )
}

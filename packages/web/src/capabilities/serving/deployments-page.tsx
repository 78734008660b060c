import { type DeploymentSummary, listDeployments } from '@trivium/contract'
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
import { State } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'
import { Value } from '../../ui/value.tsx'
import { deploymentState } from './deployment-state.ts'

const shape = { sort: text() }

/** What answers predictions now. */
export function Page() {
  const { project } = usePageParams()
  const [view, setView] = useSearchState(shape)
  const deployments = useContractQuery(listDeployments, { params: { project }, query: {} }, { refetchInterval: 10_000 })
  return (
    <>
      <PageHeader
        title="Deployments"
        note={deployments.data && formatPlural(deployments.data.deployments.length, 'deployment')}
      />
      <QueryView query={deployments} what="the deployments" permission="deployment:read">
        {(data) =>
          data.deployments.length === 0 ? (
            <Empty
              title="No deployment yet"
              steps={[
                {
                  title: 'Deploy a model version',
                  command: 'trivium deploy arrival-delay-prod --model arrival-delay@champion --wait',
                  waiting: true,
                },
              ]}
            >
              Deployments appear here with their traffic, latency and the log of their predictions.
            </Empty>
          ) : (
            <DataTable
              label="Deployments"
              rows={data.deployments}
              rowKey={(one) => one.name}
              rowHref={(one) => entityUrl({ kind: 'deployment', name: one.name }, project)}
              sort={view.sort}
              onSortChange={(sort) => setView({ sort })}
              columns={[
                {
                  id: 'name',
                  head: 'Deployment',
                  sticky: true,
                  sortBy: (one: DeploymentSummary) => one.name,
                  cell: (one) => <EntityLink kind="deployment" name={one.name} look="name" strong />,
                },
                {
                  id: 'state',
                  head: 'State',
                  cell: (one) => (
                    <State kind={deploymentState(one).kind}>{one.problem ?? deploymentState(one).word}</State>
                  ),
                },
                {
                  id: 'model',
                  from: 420,
                  head: 'Model',
                  cell: (one) =>
                    one.current ? (
                      <EntityLink
                        kind="model"
                        name={one.current.manifest.model}
                        version={one.current.manifest.version}
                        look="bare"
                      />
                    ) : (
                      <span className="t3">–</span>
                    ),
                },
                {
                  id: 'rate',
                  from: 600,
                  head: 'Now',
                  unit: '/s',
                  align: 'right',
                  cell: (one) => <Value value={one.traffic.perSecond} decimals={1} />,
                },
                {
                  id: 'count',
                  from: 520,
                  head: 'Predictions',
                  align: 'right',
                  sortBy: (one) => one.traffic.predictions,
                  cell: (one) => <Value value={one.traffic.predictions} form="count" />,
                },
                {
                  id: 'p50',
                  from: 760,
                  head: 'p50',
                  unit: 'ms',
                  align: 'right',
                  cell: (one) => <Value value={one.traffic.p50Ms} decimals={2} />,
                },
                {
                  id: 'p99',
                  from: 560,
                  head: 'p99',
                  unit: 'ms',
                  align: 'right',
                  cell: (one) => <Value value={one.traffic.p99Ms} decimals={2} />,
                },
                {
                  id: 'failed',
                  from: 680,
                  head: 'Failed',
                  align: 'right',
                  cell: (one) => <Value value={one.traffic.failed} form="count" />,
                },
                {
                  id: 'since',
                  from: 480,
                  head: 'Release since',
                  align: 'right',
                  cell: (one) => <Time at={one.current?.createdAt} show="age" />,
                },
              ]}
            />
          )
        }
      </QueryView>
    </>
  )
}

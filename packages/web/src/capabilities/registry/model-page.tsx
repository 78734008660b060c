import { getModel, listModelVersions, type ModelVersionRow, setModelPolicy } from '@trivium/contract'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { useContractPages, useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { oneOf, useSearchState } from '../../shell/search-state.ts'
import { usePageParams } from '../../shell/use-page-params.ts'
import { Alias } from '../../ui/alias.tsx'
import { Button } from '../../ui/button.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { entityUrl } from '../../ui/entity-url.ts'
import { Facts } from '../../ui/facts.tsx'
import { formatPlural } from '../../ui/format-number.ts'
import { Claim, PageHeader } from '../../ui/page-header.tsx'
import { Section } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'
import { TabPanel, Tabs } from '../../ui/tabs.tsx'
import { Time } from '../../ui/time.tsx'
import { Value } from '../../ui/value.tsx'
import { CandidatesTab } from './candidates-tab.tsx'
import { HandOver } from './hand-over.tsx'
import { HandOvers } from './hand-overs.tsx'
import { ReleaseCycles } from './release-cycles.tsx'
import { RetrainingSection } from './retraining-section.tsx'
import { versionState } from './version-state.ts'

const shape = { tab: oneOf(['overview', 'versions', 'candidates', 'cycles', 'hands', 'retraining'], 'overview') }

/** One model: what hands it over, its versions, what each became and why. */
export function Page() {
  const { project, model: name } = usePageParams<'model'>()
  const model = useContractQuery(getModel, { params: { project, model: name } })
  const [view, setView] = useSearchState(shape)
  const policy = useContractMutation(setModelPolicy, { invalidates: [getModel, listModelVersions] })
  return (
    <QueryView query={model} what="the model" shape="facts" permission="model:read">
      {(data) => (
        <>
          <PageHeader
            kind="model"
            title={data.name}
            note={formatPlural(data.versions, 'version')}
            actions={
              <>
                <Button href={`/p/${encodeURIComponent(project)}/models/${encodeURIComponent(name)}/frontier`}>
                  Frontier
                </Button>
                <Button
                  pending={policy.isPending}
                  onClick={() =>
                    policy.mutate({
                      params: { project, model: name },
                      body: { approval: data.policy.approval === 'required' ? 'none' : 'required' },
                    })
                  }
                >
                  {data.policy.approval === 'required' ? 'Deploy without approval' : 'Require approval'}
                </Button>
              </>
            }
          />
          {policy.error && <State kind="bad">{policy.error.detail}</State>}
          <Facts
            facts={[
              ...data.aliases.map((alias) => ({
                label: alias.alias,
                value: (
                  <EntityLink kind="model" name={data.name} version={alias.version} look="name" strong>
                    v{alias.version}
                  </EntityLink>
                ),
              })),
              {
                label: 'Approval',
                value: data.policy.approval === 'required' ? 'a person other than the author' : 'not asked',
              },
              { label: 'Made', value: <Time at={data.createdAt} /> },
            ]}
          />
          {data.description !== '' && <Claim>{data.description}</Claim>}
          <Tabs
            value={view.tab}
            onChange={(tab) => setView({ tab: tab as typeof view.tab })}
            tabs={[
              { id: 'overview', label: 'Hand-over' },
              { id: 'versions', label: 'Versions', count: data.versions },
              { id: 'candidates', label: 'Not chosen' },
              { id: 'cycles', label: 'Release cycle' },
              { id: 'hands', label: 'Hands' },
              { id: 'retraining', label: 'Retraining' },
            ]}
          />
          <TabPanel tab={view.tab}>
            {view.tab === 'overview' && <HandOver project={project} model={name} />}
            {view.tab === 'versions' && <Versions project={project} model={name} />}
            {view.tab === 'candidates' && <CandidatesTab project={project} model={name} />}
            {view.tab === 'cycles' && <ReleaseCycles project={project} model={name} />}
            {view.tab === 'hands' && <HandOvers project={project} model={name} />}
            {view.tab === 'retraining' && <RetrainingSection project={project} model={data} />}
          </TabPanel>
        </>
      )}
    </QueryView>
  )
}

/** All versions, read on as one scrolls. */
function Versions({ project, model }: { readonly project: string; readonly model: string }) {
  const pages = useContractPages(listModelVersions, { params: { project, model }, query: { limit: 100 } })
  const query = { ...pages, data: pages.data?.pages.flatMap((page) => page.versions) }
  return (
    <Section title="Versions" note="newest first">
      <QueryView query={query} what="the versions">
        {(versions) => (
          <DataTable
            label="Versions"
            rows={versions}
            onEnd={pages.hasNextPage && !pages.isFetchingNextPage ? () => void pages.fetchNextPage() : undefined}
            rowKey={(version) => String(version.version)}
            rowHref={(version) => entityUrl({ kind: 'model', name: model, version: version.version }, project)}
            columns={[
              {
                id: 'version',
                head: 'Version',
                sticky: true,
                cell: (version: ModelVersionRow) => (
                  <span className="row">
                    <EntityLink kind="model" name={model} version={version.version} look="name" strong>
                      v{version.version}
                    </EntityLink>
                    {version.aliases.map((alias) => (
                      <Alias key={alias} name={alias} />
                    ))}
                  </span>
                ),
              },
              {
                id: 'state',
                head: 'State',
                cell: (version) => <State kind={versionState(version).kind}>{versionState(version).word}</State>,
              },
              {
                id: 'gate',
                head: 'Gate',
                cut: true,
                cell: (version) => version.gateReason ?? <span className="t3">–</span>,
              },
              {
                id: 'evidence',
                head: 'Evidence',
                align: 'right',
                cell: (version) => <Value value={version.evidenceCount} form="count" />,
              },
              {
                id: 'run',
                head: 'Run',
                cell: (version) =>
                  version.run ? (
                    <EntityLink kind="run" name={version.run.slice(0, 8)} id={version.run} look="name" />
                  ) : (
                    <span className="t3">–</span>
                  ),
              },
              {
                id: 'format',
                head: 'Format',
                cell: (version) => (
                  <span className="t2">
                    {version.onnx ? 'ONNX' : version.flavors.join(', ')}
                    {version.unsafe && ', pickle'}
                  </span>
                ),
              },
              {
                id: 'made',
                head: 'Registered',
                align: 'right',
                cell: (version) => <Time at={version.createdAt} show="age" />,
              },
            ]}
          />
        )}
      </QueryView>
    </Section>
  )
}

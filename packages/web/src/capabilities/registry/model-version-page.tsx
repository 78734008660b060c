import {
  deployModel,
  getModel,
  getModelHandOver,
  getModelVersion,
  listDeployments,
  type ModelVersionDetail,
  requestModelApproval,
} from '@trivium/contract'
import { useState } from 'react'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { oneOf, useSearchState } from '../../shell/search-state.ts'
import { usePageParams } from '../../shell/use-page-params.ts'
import { AppLink } from '../../ui/app-link.tsx'
import { Button } from '../../ui/button.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { parseUrn } from '../../ui/entity-url.ts'
import { Facts } from '../../ui/facts.tsx'
import { Hash } from '../../ui/hash.tsx'
import { Claim, PageHeader } from '../../ui/page-header.tsx'
import { Person } from '../../ui/person.tsx'
import { Aside, Note, Section, WithAside } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'
import { TabPanel, Tabs } from '../../ui/tabs.tsx'
import { Time } from '../../ui/time.tsx'
import { Value } from '../../ui/value.tsx'
import { EvidenceTable } from './evidence-table.tsx'
import { CallIt } from './hand-over.tsx'
import { ModelCard } from './model-card.tsx'
import { ParityPart } from './parity-part.tsx'
import { ProvenanceTab } from './provenance-tab.tsx'
import { SignatureTable } from './signature-table.tsx'
import { versionState } from './version-state.ts'

const shape = { tab: oneOf(['evidence', 'card', 'signature', 'files', 'provenance'], 'evidence') }

/** One version: may it be used, on what evidence, made from what, and how it is called. */
export function Page() {
  const { project, model, version } = usePageParams<'model' | 'version'>()
  const query = useContractQuery(getModelVersion, { params: { project, model, version: Number(version) } })
  return (
    <QueryView query={query} what="the version" shape="facts" permission="model:read">
      {(data) => <VersionView project={project} version={data} />}
    </QueryView>
  )
}

function VersionView({ project, version }: { readonly project: string; readonly version: ModelVersionDetail }) {
  const [view, setView] = useSearchState(shape)
  const deployments = useContractQuery(listDeployments, { params: { project }, query: {} })
  const running =
    deployments.data?.deployments.filter(
      (one) => one.current?.manifest.model === version.model && one.current.manifest.version === version.version,
    ) ?? []
  const item = version.approvalItem === null ? undefined : parseUrn(version.approvalItem)
  const inbox = item && `/p/${encodeURIComponent(project)}/inbox/${item.id}`
  return (
    <>
      <PageHeader
        kind="model"
        title={version.model}
        version={version.version}
        aliases={version.aliases}
        state={versionState(version)}
        actions={
          <>
            <Button href={`/p/${encodeURIComponent(project)}/lineage?urn=${encodeURIComponent(version.urn)}`}>
              Lineage
            </Button>
            <Deploy project={project} version={version} />
          </>
        }
      />
      <Facts
        facts={[
          {
            label: 'Runs in',
            value:
              running.length === 0
                ? 'nowhere yet'
                : running.map((one) => <EntityLink key={one.name} kind="deployment" name={one.name} look="bare" />),
          },
          {
            label: 'Registered',
            value: (
              <>
                <Time at={version.createdAt} /> by <Person name={version.createdByName} id={version.createdBy} />
              </>
            ),
          },
          {
            label: 'Package',
            value: version.onnx ? (
              <>
                ONNX <Value value={version.onnx.size} form="bytes" /> <Hash value={version.onnx.digest} />
              </>
            ) : (
              version.flavors.join(', ')
            ),
          },
          { label: 'Content', value: <Hash value={version.artifactDigest} /> },
          { label: 'Evidence', value: <Value value={version.evidenceCount} form="count" /> },
        ]}
      />
      {version.gateReason !== null && <Claim>{version.gateReason}</Claim>}
      <Tabs
        value={view.tab}
        onChange={(tab) => setView({ tab: tab as typeof view.tab })}
        tabs={[
          { id: 'evidence', label: 'Evidence', count: version.evidence.length },
          { id: 'card', label: 'Card' },
          { id: 'signature', label: 'Signature and example' },
          { id: 'files', label: 'Files', count: version.files.filter((file) => !file.isDirectory).length },
          { id: 'provenance', label: 'Provenance' },
        ]}
      />
      <TabPanel tab={view.tab}>
        <WithAside
          aside={
            <>
              {version.unsafe !== null && (
                <Note tone="bad">
                  <span className="m">Unsafe to load: pickle</span>
                  <p className="sm t2 mt-4">
                    Loading these files runs code that their author chose. The server never does it in its own process.
                  </p>
                  <ul className="bullets sm mt-4">
                    {version.unsafe.files.map(({ path, why }) => (
                      <li key={path}>
                        <span className="mono">{path}</span> <span className="t3">{why}</span>
                      </li>
                    ))}
                  </ul>
                </Note>
              )}
              {version.missing.length > 0 && (
                <Note
                  tone={version.approval === 'waiting' ? 'person' : 'plain'}
                  actions={<Approval project={project} version={version} inbox={inbox} />}
                >
                  <span className="m">Before it may be deployed</span>
                  <ul className="bullets sm mt-4">
                    {version.missing.map((line) => (
                      <li key={line}>{line}</li>
                    ))}
                  </ul>
                </Note>
              )}
              <Aside
                title="Made from"
                end={
                  <AppLink
                    className="link"
                    href={`/p/${encodeURIComponent(project)}/lineage?urn=${encodeURIComponent(version.urn)}`}
                  >
                    Lineage
                  </AppLink>
                }
              >
                <ul className="stack gap-8">
                  {version.run && (
                    <li>
                      <EntityLink kind="run" name={`run ${version.run.slice(0, 8)}`} id={version.run} look="bare" />
                    </li>
                  )}
                  {version.pipelineRun && <Made urn={version.pipelineRun} />}
                </ul>
              </Aside>
              {version.description !== '' && (
                <Aside title="About">
                  <p className="t2">{version.description}</p>
                </Aside>
              )}
              {Object.keys(version.tags).length > 0 && (
                <Aside title="Tags">
                  <ul className="stack gap-4">
                    {Object.entries(version.tags).map(([key, value]) => (
                      <li key={key} className="sm">
                        <span className="mono">{key}</span> <span className="t2 trunc">{value.slice(0, 80)}</span>
                      </li>
                    ))}
                  </ul>
                </Aside>
              )}
            </>
          }
        >
          {view.tab === 'evidence' && (
            <>
              <Section title="Evidence" note="attached when it was found, never changed">
                <EvidenceTable evidence={version.evidence} />
              </Section>
              <ParityPart evidence={version.evidence} />
            </>
          )}
          {view.tab === 'card' && <ModelCard project={project} model={version.model} version={version.version} />}
          {view.tab === 'signature' && <Signature project={project} version={version} />}
          {view.tab === 'provenance' && <ProvenanceTab project={project} version={version} />}
          {view.tab === 'files' && (
            <DataTable
              label="Files"
              keys={false}
              density="compact"
              rows={version.files.filter((file) => !file.isDirectory)}
              rowKey={(file) => file.path}
              columns={[
                {
                  id: 'path',
                  head: 'File',
                  cell: (file) => (
                    <a
                      className="link mono"
                      download
                      href={`/api/v1/projects/${project}/models/${encodeURIComponent(version.model)}/versions/${version.version}/file?path=${encodeURIComponent(file.path)}`}
                    >
                      {file.path}
                    </a>
                  ),
                },
                { id: 'size', head: 'Size', align: 'right', cell: (file) => <Value value={file.size} form="bytes" /> },
                { id: 'digest', head: 'Content', cell: (file) => (file.digest ? <Hash value={file.digest} /> : '–') },
              ]}
            />
          )}
        </WithAside>
      </TabPanel>
    </>
  )
}

function Made({ urn }: { readonly urn: string }) {
  const entity = parseUrn(urn)
  return entity ? (
    <li>
      <EntityLink
        kind={entity.kind}
        name={`pipeline run ${entity.name.slice(-6)}`}
        id={entity.id}
        look="bare"
        href={`/p/${encodeURIComponent(entity.project)}/pipeline-runs/${entity.id}`}
      />
    </li>
  ) : null
}

function Approval({
  project,
  version,
  inbox,
}: {
  readonly project: string
  readonly version: ModelVersionDetail
  readonly inbox: string | undefined
}) {
  const ask = useContractMutation(requestModelApproval, { invalidates: [getModelVersion, getModel] })
  if (version.approval === 'waiting' && inbox)
    return (
      <Button size="small" href={inbox}>
        Open in inbox
      </Button>
    )
  if (version.approval !== 'missing') return null
  return (
    <>
      <Button
        size="small"
        pending={ask.isPending}
        onClick={() => ask.mutate({ params: { project, model: version.model, version: version.version }, body: {} })}
      >
        Ask for approval
      </Button>
      {ask.error && <State kind="bad">{ask.error.detail}</State>}
    </>
  )
}

function Deploy({ project, version }: { readonly project: string; readonly version: ModelVersionDetail }) {
  const [name, setName] = useState<string | undefined>(undefined)
  const deploy = useContractMutation(deployModel, { invalidates: [listDeployments], onDone: () => setName(undefined) })
  const denied = version.missing.length > 0 ? version.missing.join(' ') : undefined
  if (name === undefined)
    return (
      <Button look="primary" denied={denied} onClick={() => setName(`${version.model}-prod`)}>
        Deploy
      </Button>
    )
  return (
    <form
      className="row"
      onSubmit={(event) => {
        event.preventDefault()
        deploy.mutate({ params: { project }, body: { name, model: `${version.model}/${version.version}` } })
      }}
    >
      <input
        className="inp"
        aria-label="Name of the deployment"
        value={name}
        onChange={(event) => setName(event.target.value)}
        required
      />
      <Button type="submit" look="primary" pending={deploy.isPending}>
        Deploy v{version.version}
      </Button>
      <Button look="quiet" onClick={() => setName(undefined)}>
        Cancel
      </Button>
      {deploy.error && <State kind="bad">{deploy.error.detail}</State>}
    </form>
  )
}

/** What it takes and gives, and a call that works where a deployment serves it. */
function Signature({ project, version }: { readonly project: string; readonly version: ModelVersionDetail }) {
  const query = useContractQuery(getModelHandOver, {
    params: { project, model: version.model },
    query: { version: version.version },
  })
  return (
    <>
      <SignatureTable signature={version.signature} />
      <div className="mt-16">
        <QueryView query={query} what="how it is called" permission="deployment:read">
          {(data) => <CallIt handOver={data} />}
        </QueryView>
      </div>
    </>
  )
}

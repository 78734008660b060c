import { type Dataset, getDataset, getDatasetVersion, listDatasetVersions, previewDatasetRows } from '@trivium/contract'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { oneOf, useSearchState } from '../../shell/search-state.ts'
import { usePageParams } from '../../shell/use-page-params.ts'
import { AppLink } from '../../ui/app-link.tsx'
import { Button } from '../../ui/button.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { Facts, KeyValues } from '../../ui/facts.tsx'
import { formatCount, formatPlural } from '../../ui/format-number.ts'
import { Hash } from '../../ui/hash.tsx'
import { Claim, PageHeader } from '../../ui/page-header.tsx'
import { Empty } from '../../ui/page-states.tsx'
import { Aside, Note, Section, WithAside } from '../../ui/section.tsx'
import { StateGlyph } from '../../ui/state.tsx'
import { TabPanel, Tabs } from '../../ui/tabs.tsx'
import { Time, TimeRange } from '../../ui/time.tsx'
import { Value } from '../../ui/value.tsx'
import { AttentionList } from './attention-list.tsx'
import { DataSheetView } from './data-sheet.tsx'
import { datasetState } from './dataset-state.ts'
import { ProfileTable } from './profile-table.tsx'
import { RowsTable } from './rows-table.tsx'
import { SlicesView } from './slices-view.tsx'

const shape = { tab: oneOf(['profile', 'slices', 'checks', 'rows', 'sheet'], 'profile') }

/** One version of a dataset: what came, what it looks like against the version before, whether it may be used. */
export function Page() {
  const { project, dataset: name, version: wanted } = usePageParams<'dataset' | 'version'>()
  const dataset = useContractQuery(getDataset, { params: { project, dataset: name } })
  return (
    <QueryView query={dataset} what="the dataset" shape="facts" permission="dataset:read">
      {(data) =>
        data.latest === null ? (
          <>
            <PageHeader kind="dataset" title={name} state={datasetState(data)} />
            <Empty
              title="No data yet"
              steps={[
                { title: 'Add the first version', command: `trivium data add FILE --name ${name}`, waiting: true },
              ]}
            >
              {data.rejectedReason ?? 'Its checks are declared; the first version appears here.'}
            </Empty>
          </>
        ) : (
          <VersionView project={project} name={name} version={Number(wanted ?? data.latest.version)} dataset={data} />
        )
      }
    </QueryView>
  )
}

interface VersionViewProps {
  readonly project: string
  readonly name: string
  readonly version: number
  readonly dataset: Dataset
}

function VersionView({ project, name, version, dataset }: VersionViewProps) {
  const [view, setView] = useSearchState(shape)
  const params = { project, dataset: name, version }
  const one = useContractQuery(getDatasetVersion, { params })
  const before = useContractQuery(
    getDatasetVersion,
    { params: { ...params, version: version - 1 } },
    { enabled: version > 1 },
  )
  const versions = useContractQuery(listDatasetVersions, { params: { project, dataset: name }, query: { limit: 12 } })
  const rows = useContractQuery(previewDatasetRows, { params, query: { limit: 100 } }, { enabled: view.tab === 'rows' })
  const latest = dataset.latest?.version === version
  return (
    <QueryView query={one} what="the version" shape="facts">
      {({ version: data, profile, checks, attention, slices, balance, comparedWith }) => {
        const failed = checks.filter((check) => !check.passed)
        return (
          <>
            <PageHeader
              kind="dataset"
              title={name}
              version={version}
              state={
                latest
                  ? datasetState(dataset)
                  : data.state === 'warned'
                    ? { kind: 'warn', word: 'attention' }
                    : { kind: 'ok', word: 'valid' }
              }
              note={
                latest ? undefined : (
                  <>
                    older, newest is{' '}
                    <EntityLink kind="dataset" name={name} version={dataset.versions} look="name">
                      v{dataset.versions}
                    </EntityLink>
                  </>
                )
              }
              actions={
                <a
                  className="btn"
                  href={`/api/v1/projects/${project}/datasets/${encodeURIComponent(name)}/versions/${version}/file`}
                  download
                >
                  Download Parquet
                </a>
              }
            />
            <Facts
              facts={[
                { label: 'Rows', value: <Value value={data.rows} form="count" /> },
                { label: 'Came with this version', value: <Value value={data.addedRows} form="count" /> },
                {
                  label: 'Size',
                  value: (
                    <>
                      <Value value={data.bytes} form="bytes" />
                      <span className="t3">in {formatPlural(data.files, 'file')}</span>
                    </>
                  ),
                },
                data.minTime !== null &&
                  data.maxTime !== null && {
                    label: 'Event time',
                    value: <TimeRange from={data.minTime} to={data.maxTime} />,
                  },
                { label: 'Content', value: <Hash value={data.digest} /> },
                data.redacted !== null && {
                  label: 'Redacted',
                  value: (
                    <span title="Their keys were destroyed: personal values of these rows read redacted, for everybody.">
                      {formatPlural(data.redacted.rows, 'row')}{' '}
                      <span className="t3">
                        of {formatPlural(data.redacted.people, 'erased person', 'erased people')}
                      </span>
                    </span>
                  ),
                },
                {
                  label: 'Added',
                  value: (
                    <>
                      <Time at={data.createdAt} /> by {data.createdByName}
                    </>
                  ),
                },
              ]}
            />
            <Tabs
              value={view.tab}
              onChange={(tab) => setView({ tab: tab as typeof view.tab })}
              tabs={[
                { id: 'profile', label: 'Profile', count: profile.columns.length },
                { id: 'slices', label: 'Slices', count: slices.length || undefined },
                { id: 'checks', label: 'Checks', count: checks.length },
                { id: 'rows', label: 'Rows' },
                { id: 'sheet', label: 'Data sheet' },
              ]}
            />
            <TabPanel tab={view.tab}>
              <WithAside
                asideLabel="Versions and use"
                aside={
                  <>
                    {dataset.rejectedAt !== null && latest && (
                      <Note tone="bad">
                        <span className="m">Refused data</span> <Time at={dataset.rejectedAt} />
                        <p className="sm mt-4">{dataset.rejectedReason}</p>
                      </Note>
                    )}
                    <Aside title="Versions" note={formatPlural(dataset.versions, 'version')}>
                      <QueryView query={versions} what="the versions" rows={6}>
                        {(list) => (
                          <ol className="stack gap-8">
                            {list.versions.map((entry) => (
                              <li key={entry.version} className="row">
                                <StateGlyph kind={entry.state === 'warned' ? 'warn' : 'ok'} />
                                <EntityLink
                                  kind="dataset"
                                  name={name}
                                  version={entry.version}
                                  look="name"
                                  strong={entry.version === version}
                                >
                                  v{entry.version}
                                </EntityLink>
                                <span className="sm t2 grow">+{formatCount(entry.addedRows)} rows</span>
                                <span className="sm t3">
                                  {entry.maxTime === null ? (
                                    <Time at={entry.createdAt} show="age" />
                                  ) : (
                                    <Time at={entry.maxTime} show="day" clock="event" />
                                  )}
                                </span>
                              </li>
                            ))}
                          </ol>
                        )}
                      </QueryView>
                    </Aside>
                    <Aside title="Used by">
                      <AppLink className="link" href={`/p/${project}/lineage?urn=${encodeURIComponent(data.urn)}`}>
                        What was made from it
                      </AppLink>
                    </Aside>
                    <Aside title="Owners">
                      {dataset.owners ? (
                        <KeyValues
                          facts={[
                            { label: 'Produced by', value: dataset.owners.producer },
                            { label: 'Maintained by', value: dataset.owners.maintainer },
                            { label: 'Quality', value: dataset.owners.quality },
                          ]}
                        />
                      ) : (
                        <p className="t2">
                          Nobody is named. A pipeline with <span className="mono">production: true</span> refuses it.
                        </p>
                      )}
                    </Aside>
                    {dataset.description !== '' && (
                      <Aside title="About">
                        <p className="t2">{dataset.description}</p>
                      </Aside>
                    )}
                  </>
                }
              >
                {view.tab === 'profile' && (
                  <>
                    <Claim>
                      {failed.length === 0
                        ? `${formatCount(data.addedRows)} rows came${checks.length > 0 ? ` and passed ${formatPlural(checks.length, 'check')}` : ''}.`
                        : failed.map((check) => check.message).join(' ')}
                    </Claim>
                    {attention.length > 0 && (
                      <Section
                        title="Need attention"
                        note={comparedWith === null ? undefined : `shifts against v${comparedWith}`}
                      >
                        <AttentionList attention={attention} />
                      </Section>
                    )}
                    <Section
                      title="Columns"
                      note={
                        version > 1
                          ? `rows of v${version} filled, of v${version - 1} as outline`
                          : 'of the rows that came'
                      }
                    >
                      <ProfileTable profile={profile} before={before.data?.profile} />
                    </Section>
                  </>
                )}
                {view.tab === 'slices' && <SlicesView slices={slices} balance={balance} />}
                {view.tab === 'checks' && (
                  <Section title="Checks" note="judged over the rows that came">
                    {checks.length === 0 ? (
                      <p className="t2 prose">
                        No check is declared. Checks block or warn when a version comes that does not fit.
                      </p>
                    ) : (
                      <ul className="stack gap-8">
                        {checks.map((result) => (
                          <li key={JSON.stringify(result.check)} className="row">
                            <StateGlyph
                              kind={result.passed ? 'ok' : result.check.severity === 'block' ? 'bad' : 'warn'}
                              label={result.passed ? 'passed' : 'not passed'}
                            />
                            <span className="grow">{result.message}</span>
                            <span className="sm t3">
                              {result.check.kind}, {result.check.severity === 'block' ? 'blocks' : 'warns'}
                            </span>
                          </li>
                        ))}
                      </ul>
                    )}
                  </Section>
                )}
                {view.tab === 'sheet' && <DataSheetView project={project} dataset={name} version={version} />}
                {view.tab === 'rows' && (
                  <Section
                    title="Rows"
                    note="the first 100"
                    end={
                      <Button size="small" look="quiet" onClick={() => void rows.refetch()}>
                        Read again
                      </Button>
                    }
                  >
                    <QueryView query={rows} what="the rows" rows={12} permission="data:read-rows">
                      {(preview) => <RowsTable preview={preview} />}
                    </QueryView>
                  </Section>
                )}
              </WithAside>
            </TabPanel>
          </>
        )
      }}
    </QueryView>
  )
}

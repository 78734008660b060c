import { type Dataset, listDatasets } from '@trivium/contract'
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
import { StateGlyph } from '../../ui/state.tsx'
import { Time, TimeRange } from '../../ui/time.tsx'
import { Value } from '../../ui/value.tsx'
import { datasetState } from './dataset-state.ts'

const shape = { sort: text() }

/** Datasets with their newest version. */
export function Page() {
  const { project } = usePageParams()
  const [view, setView] = useSearchState(shape)
  const datasets = useContractQuery(listDatasets, { params: { project }, query: { limit: 1000 } })
  return (
    <>
      <PageHeader title="Datasets" note={datasets.data && formatPlural(datasets.data.datasets.length, 'dataset')} />
      <QueryView query={datasets} what="the datasets" permission="dataset:read">
        {(data) =>
          data.datasets.length === 0 ? (
            <Empty
              title="No dataset yet"
              steps={[
                {
                  title: 'Add a Parquet or CSV file',
                  command: 'trivium data add flights.parquet --name flights --event-time date',
                  waiting: true,
                },
              ]}
            >
              Versions of your tables appear here, each with its schema, profile and checks.
            </Empty>
          ) : (
            <DataTable
              label="Datasets"
              rows={data.datasets}
              rowKey={(dataset) => dataset.name}
              rowHref={(dataset) => entityUrl({ kind: 'dataset', name: dataset.name }, project)}
              sort={view.sort}
              onSortChange={(sort) => setView({ sort })}
              columns={[
                {
                  id: 'name',
                  head: 'Dataset',
                  sticky: true,
                  sortBy: (dataset: Dataset) => dataset.name,
                  cell: (dataset) => (
                    <span className="row">
                      <StateGlyph kind={datasetState(dataset).kind} label={datasetState(dataset).word} />
                      <EntityLink kind="dataset" name={dataset.name} look="name" strong />
                    </span>
                  ),
                },
                {
                  id: 'state',
                  head: 'State',
                  cell: (dataset) => <span className="t2">{datasetState(dataset).word}</span>,
                },
                {
                  id: 'version',
                  from: 400,
                  head: 'Newest',
                  align: 'right',
                  sortBy: (dataset) => dataset.versions,
                  cell: (dataset) => (dataset.versions === 0 ? '–' : `v${dataset.versions}`),
                },
                {
                  id: 'rows',
                  head: 'Rows',
                  align: 'right',
                  sortBy: (dataset) => dataset.latest?.rows,
                  cell: (dataset) => <Value value={dataset.latest?.rows} form="count" />,
                },
                {
                  id: 'columns',
                  from: 700,
                  head: 'Columns',
                  align: 'right',
                  sortBy: (dataset) => dataset.latest?.columns.length,
                  cell: (dataset) => <Value value={dataset.latest?.columns.length} form="count" />,
                },
                {
                  id: 'size',
                  from: 620,
                  head: 'Size',
                  align: 'right',
                  sortBy: (dataset) => dataset.latest?.bytes,
                  cell: (dataset) => <Value value={dataset.latest?.bytes} form="bytes" />,
                },
                {
                  id: 'events',
                  from: 760,
                  head: 'Event time',
                  cell: (dataset) =>
                    dataset.latest && dataset.latest.minTime !== null && dataset.latest.maxTime !== null ? (
                      <TimeRange from={dataset.latest.minTime} to={dataset.latest.maxTime} />
                    ) : (
                      <span className="t3">–</span>
                    ),
                },
                {
                  id: 'checks',
                  from: 560,
                  head: 'Checks',
                  align: 'right',
                  sortBy: (dataset) => dataset.checks.length,
                  cell: (dataset) => <Value value={dataset.checks.length} form="count" />,
                },
                {
                  id: 'age',
                  from: 460,
                  head: 'Added',
                  align: 'right',
                  sortBy: (dataset) => dataset.latest?.createdAt,
                  cell: (dataset) => <Time at={dataset.latest?.createdAt} show="age" />,
                },
              ]}
            />
          )
        }
      </QueryView>
    </>
  )
}

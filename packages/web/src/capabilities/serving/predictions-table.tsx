import { listPredictions, type PredictionRow } from '@trivium/contract'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { oneOf, text, useSearchState } from '../../shell/search-state.ts'
import { Segmented } from '../../ui/button.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { AppLink } from '../../ui/app-link.tsx'
import { Denied, NoMatch } from '../../ui/page-states.tsx'
import { Time } from '../../ui/time.tsx'
import { Redacted, redactedWord } from '../../ui/redacted.tsx'
import { Value } from '../../ui/value.tsx'

interface PredictionsTableProps {
  readonly project: string
  readonly deployment: string
  readonly limit: number
  readonly filters?: boolean
}

const shape = { id: text(), labelled: oneOf(['all', 'yes', 'no'], 'all') }

/** The page of a prediction. */
export function predictionHref(project: string, deployment: string, id: string): string {
  return `/p/${encodeURIComponent(project)}/predictions/${encodeURIComponent(deployment)}:${encodeURIComponent(id)}`
}

/** The prediction log: what was said, by which version, what was observed. */
export function PredictionsTable({ project, deployment, limit, filters = false }: PredictionsTableProps) {
  const [view, setView] = useSearchState(shape)
  const filter = {
    ...(view.id === '' ? {} : { id: view.id }),
    ...(view.labelled === 'all' ? {} : { labelled: view.labelled === 'yes' }),
  }
  const log = useContractQuery(
    listPredictions,
    { params: { project, deployment }, query: { limit, ...(filters ? filter : {}) } },
    { keep: true },
  )
  return (
    <>
      {filters && (
        <div className="row gap-12" style={{ marginBottom: 12 }}>
          <input
            className="inp"
            aria-label="Id begins with"
            placeholder="Id begins with"
            value={view.id}
            onChange={(event) => setView({ id: event.target.value })}
          />
          <Segmented
            label="Labels"
            value={view.labelled}
            onChange={(labelled) => setView({ labelled })}
            options={[
              { value: 'all', label: 'All' },
              { value: 'yes', label: 'Labelled' },
              { value: 'no', label: 'Without label' },
            ]}
          />
        </div>
      )}
      <QueryView query={log} what="the prediction log" permission="prediction:read" rows={8}>
        {({ predictions }) => {
          if (predictions.length === 0)
            return filters && Object.keys(filter).length > 0 ? (
              <NoMatch what="predictions" onClear={() => setView({ id: '', labelled: 'all' })} />
            ) : (
              <p className="t2">No prediction yet. Call the endpoint, or try it here.</p>
            )
          const outputs = [...new Set(predictions.flatMap((row) => Object.keys(row.outputs)))].slice(0, 3)
          const withheld = predictions.some((row) => row.withheld)
          return (
            <>
              {withheld && <Denied what="answers and labels of single predictions" permission="data:read-rows" />}
              <DataTable
                label="Predictions"
                rows={predictions}
                rowKey={(row) => row.id}
                rowHref={(row) => predictionHref(project, deployment, row.id)}
                columns={[
                  {
                    id: 'at',
                    head: 'Event time',
                    cell: (row: PredictionRow) => <Time at={row.eventTime} clock="event" />,
                  },
                  {
                    id: 'id',
                    head: 'Prediction',
                    cell: (row) => (
                      <AppLink className="mono" href={predictionHref(project, deployment, row.id)}>
                        {row.id}
                      </AppLink>
                    ),
                  },
                  ...outputs.map((name) => ({
                    id: name,
                    head: name,
                    align: 'right' as const,
                    cell: (row: PredictionRow) => {
                      const value = row.outputs[name]
                      if (value === redactedWord) return <Redacted />
                      return typeof value === 'number' ? <Value value={value} /> : <>{String(value ?? '–')}</>
                    },
                  })),
                  { id: 'version', head: 'By', align: 'right', cell: (row) => `v${row.version}` },
                  {
                    id: 'label',
                    head: 'Observed',
                    align: 'right',
                    cell: (row) =>
                      row.label === null ? (
                        <span className="t3">{row.withheld ? 'withheld' : 'not yet'}</span>
                      ) : typeof row.label.value === 'boolean' ? (
                        row.label.value ? (
                          'yes'
                        ) : (
                          'no'
                        )
                      ) : (
                        String(row.label.value)
                      ),
                  },
                ]}
              />
            </>
          )
        }}
      </QueryView>
    </>
  )
}

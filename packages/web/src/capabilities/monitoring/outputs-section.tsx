import { getMonitorWindow } from '@trivium/contract'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { Section } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'
import { TimeRange } from '../../ui/time.tsx'
import { Value } from '../../ui/value.tsx'
import { SliceName } from './slice-name.tsx'

interface OutputsSectionProps {
  readonly project: string
  readonly monitor: string
  /** Beginning of the window. */
  readonly start: number
}

/** How predictions are spread in one window against what the model said about its training rows, overall and by slice. */
export function OutputsSection({ project, monitor, start }: OutputsSectionProps) {
  const window = useContractQuery(getMonitorWindow, { params: { project, monitor, start } })
  return (
    <QueryView query={window} what="the predictions" permission="monitor:read" rows={3}>
      {({ details, end }) => (
        <Section
          title="Predictions against training"
          note={
            <>
              <TimeRange from={start} to={end - 1} />, needs no label
            </>
          }
        >
          {details?.outputs ? (
            <DataTable
              label="Predictions against training"
              rows={details.outputs}
              rowKey={(row) => `${row.by}:${row.value}`}
              keys={false}
              columns={[
                {
                  id: 'slice',
                  head: 'Slice',
                  sticky: true,
                  cell: (row) => <SliceName by={row.by} value={row.value} />,
                },
                {
                  id: 'rows',
                  head: 'Predictions',
                  align: 'right',
                  cell: (row) => <Value value={row.rows} form="count" />,
                },
                {
                  id: 'mean',
                  head: 'Mean',
                  align: 'right',
                  cell: (row) => <Value value={row.mean} decimals={3} />,
                },
                {
                  id: 'training',
                  head: 'In training',
                  align: 'right',
                  cell: (row) => <Value value={row.trainingMean} decimals={3} />,
                },
                {
                  id: 'effect',
                  head: 'Distance',
                  unit: 'KS',
                  align: 'right',
                  cell: (row) => <Value value={row.effect} decimals={3} />,
                },
                { id: 'q', head: 'q', align: 'right', cell: (row) => <Value value={row.q} decimals={4} /> },
                {
                  id: 'verdict',
                  head: 'Verdict',
                  cell: (row) => (
                    <State kind={row.verdict === 'moved' ? 'warn' : row.verdict === 'same' ? 'ok' : 'none'}>
                      {row.verdict === 'moved' ? 'moved' : row.verdict === 'same' ? 'as in training' : 'too few rows'}
                    </State>
                  ),
                },
              ]}
            />
          ) : (
            <p className="t2 prose">
              Nobody has kept what this version says about its training rows: evaluate it in a pipeline, where its
              training data are known.
            </p>
          )}
        </Section>
      )}
    </QueryView>
  )
}

import { listRecoveredPoints } from '@trivium/contract'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { Person } from '../../ui/person.tsx'
import { Section } from '../../ui/section.tsx'
import { Time } from '../../ui/time.tsx'
import { Value } from '../../ui/value.tsx'

/** Which points were computed from checkpoints after the run: from which, when and by whom. */
export function RunRecovered({ project, run }: { readonly project: string; readonly run: string }) {
  const query = useContractQuery(listRecoveredPoints, { params: { project, run }, query: {} }, { keep: true })
  return (
    <Section title="Recovered from checkpoints" note="computed after the run, not measured while it ran">
      <QueryView query={query} what="the recovered points" shape="table" permission="run:read">
        {({ points }) => (
          <DataTable
            label="Recovered points"
            density="compact"
            keys={false}
            rows={points}
            rowKey={(point) => `${point.step} ${point.key}`}
            columns={[
              { id: 'key', head: 'Metric', cell: (point) => <span className="mono">{point.key}</span> },
              {
                id: 'step',
                head: 'Step',
                align: 'right',
                cell: (point) => <Value value={point.step} form="count" />,
              },
              {
                id: 'checkpoint',
                head: 'Checkpoint',
                cell: (point) => (
                  <span className="mono sm" style={{ overflowWrap: 'anywhere' }}>
                    {point.checkpoint}
                  </span>
                ),
              },
              { id: 'by', head: 'By', cell: (point) => <Person name={point.byName} id={point.by} /> },
              { id: 'at', head: 'When', align: 'right', cell: (point) => <Time at={point.at} /> },
            ]}
          />
        )}
      </QueryView>
    </Section>
  )
}

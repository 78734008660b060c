import type { BaselineJudgement } from '@trivium/contract'
import { DataTable } from '../../ui/data-table.tsx'
import { formatPlural } from '../../ui/format-number.ts'

/** What a run that reproduces a baseline has otherwise than the published protocol, and what was compared. */
export function DeviationsTable({ judgement }: { readonly judgement: BaselineJudgement }) {
  const { comparability, deviations } = judgement
  const rows = [
    ...comparability.parts.map(({ part, published, own, state }) => ({
      what: part === 'metric' ? 'definition of the metric' : part,
      published,
      own,
      state: state === 'assumed' ? 'taken from the baseline: nothing here says it' : state,
    })),
    ...deviations.map(({ key, published, own }) => ({
      what: `parameter ${key}`,
      published,
      own,
      state: own === null ? 'not recorded' : 'differs',
    })),
  ]
  return (
    <DataTable
      label="Protocol of the run and of the baseline"
      density="compact"
      keys={false}
      rows={rows}
      rowKey={(row) => row.what}
      columns={[
        { id: 'what', head: 'Protocol', cell: (row) => row.what },
        { id: 'published', head: 'Published', cell: (row) => row.published },
        { id: 'own', head: 'This run', cell: (row) => row.own ?? <span className="t3">–</span> },
        {
          id: 'state',
          head: '',
          cell: (row) => <span className={row.state === 'same' ? 't3' : undefined}>{row.state}</span>,
        },
      ]}
      foot={
        deviations.length === 0
          ? 'Every published parameter is as published.'
          : `${formatPlural(deviations.length, 'parameter')} not as published.`
      }
    />
  )
}

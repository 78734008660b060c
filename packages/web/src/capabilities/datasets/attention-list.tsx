import type { ColumnAttention } from '@trivium/contract'
import { DataTable } from '../../ui/data-table.tsx'
import { Value } from '../../ui/value.tsx'

/** The columns that somebody should look at, most urgent first. */
export function AttentionList({ attention }: { readonly attention: readonly ColumnAttention[] }) {
  return (
    <DataTable
      label="Columns that need attention"
      rows={attention}
      rowKey={(entry) => entry.column}
      keys={false}
      columns={[
        { id: 'column', head: 'Column', cell: (entry) => <span className="mono m">{entry.column}</span> },
        {
          id: 'urgency',
          head: 'Urgency',
          align: 'right',
          width: '90px',
          cell: (entry) => <Value value={entry.score} decimals={2} />,
        },
        {
          id: 'why',
          head: 'Why',
          cell: (entry) => <span className="t2">{entry.findings.map((finding) => finding.message).join(' ')}</span>,
        },
      ]}
    />
  )
}

import { DataTable } from '../../ui/data-table.tsx'
import { Redacted, redactedWord } from '../../ui/redacted.tsx'
import { Time } from '../../ui/time.tsx'

interface RowsTableProps {
  readonly preview: {
    readonly columns: readonly { readonly name: string; readonly type: string }[]
    readonly rows: readonly (readonly unknown[])[]
  }
}

/** Rows as they are stored. */
export function RowsTable({ preview }: RowsTableProps) {
  const rows = preview.rows.map((values, index) => ({ index, values }))
  return (
    <DataTable
      label="Rows"
      density="compact"
      keys={false}
      rows={rows}
      rowKey={(row) => String(row.index)}
      columns={preview.columns.map((column, at) => ({
        id: column.name,
        head: column.name,
        align: column.type === 'integer' || column.type === 'number' ? ('right' as const) : ('left' as const),
        cell: (row: (typeof rows)[number]) => {
          const value = row.values[at]
          if (value === null || value === undefined) return <span className="t3">–</span>
          if (value === redactedWord) return <Redacted />
          if (column.type === 'timestamp') return <Time at={Number(value)} clock="event" />
          return typeof value === 'object' ? JSON.stringify(value) : String(value)
        },
      }))}
    />
  )
}

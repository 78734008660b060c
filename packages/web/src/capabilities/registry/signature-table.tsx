import type { ModelSignatureInfo } from '@trivium/contract'
import { DataTable } from '../../ui/data-table.tsx'
import { formatPlural } from '../../ui/format-number.ts'
import { Section } from '../../ui/section.tsx'

/** What a version takes and gives. */
export function SignatureTable({ signature }: { readonly signature: ModelSignatureInfo | null }) {
  const inputs = signature?.inputs ?? []
  const outputs = signature?.outputs ?? []
  return (
    <Section
      title="Signature"
      note={`${formatPlural(inputs.length, 'input')}, ${formatPlural(outputs.length, 'output')}`}
    >
      {signature ? (
        <DataTable
          label="Signature"
          keys={false}
          density="compact"
          rows={[
            ...inputs.map((field) => ({ field, side: 'input' })),
            ...outputs.map((field) => ({ field, side: 'output' })),
          ]}
          rowKey={(row) => `${row.side}/${row.field.name ?? ''}`}
          columns={[
            { id: 'side', head: 'Side', cell: (row) => <span className="t2">{row.side}</span> },
            { id: 'name', head: 'Name', cell: (row) => <span className="mono">{row.field.name ?? '(unnamed)'}</span> },
            { id: 'type', head: 'Type', cell: (row) => <span className="t2">{row.field.type}</span> },
            {
              id: 'shape',
              head: 'Shape',
              cell: (row) => <span className="t2">{row.field.shape?.join(' × ') ?? 'column'}</span>,
            },
            { id: 'required', head: 'Required', cell: (row) => (row.field.required ? 'yes' : 'no') },
          ]}
        />
      ) : (
        <p className="t2">
          The model was logged without a signature. Log it with one, so that requests can be checked.
        </p>
      )}
    </Section>
  )
}

import type { Evidence } from '@trivium/contract'
import { formatNumber } from '../../ui/format-number.ts'
import { KeyValues } from '../../ui/facts.tsx'
import { EvidenceTable } from '../registry/evidence-table.tsx'

/** What a decision rests on: Evidence records as a table, other facts by name. */
export function InboxEvidence({ evidence }: { readonly evidence: unknown }) {
  const records = recordsOf(evidence)
  if (records.length > 0) return <EvidenceTable evidence={records} />
  if (typeof evidence !== 'object' || evidence === null) return <p className="t2">Nothing was attached.</p>
  const facts = Object.entries(evidence).filter(
    ([, value]) => typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean',
  )
  return (
    <KeyValues
      facts={facts.map(([label, value]) => ({
        label,
        value: typeof value === 'number' ? formatNumber(value) : String(value),
      }))}
    />
  )
}

function recordsOf(evidence: unknown): Evidence[] {
  const list = Array.isArray(evidence) ? evidence : (evidence as { records?: unknown } | null)?.records
  return Array.isArray(list) ? list.filter(isEvidence) : []
}

function isEvidence(value: unknown): value is Evidence {
  return typeof value === 'object' && value !== null && 'summary' in value && 'verdict' in value && 'digest' in value
}

import { listReports } from '@trivium/contract'
import { useContractQuery } from '../../data/contract-query.ts'
import { EntityLink } from '../../ui/entity-link.tsx'
import { Aside } from '../../ui/section.tsx'

/** Reports that name a thing; nothing where none does, or where the reader may not see reports. */
export function ReportLinks({ project, urn }: { readonly project: string; readonly urn: string }) {
  const query = useContractQuery(listReports, { params: { project }, query: { mentions: urn, limit: 20 } })
  const reports = query.data?.reports ?? []
  if (reports.length === 0) return null
  return (
    <Aside title="Reports">
      <ul className="stack gap-8">
        {reports.map((one) => (
          <li key={one.id}>
            <EntityLink kind="report" name={one.title} id={one.id} look="bare" />
          </li>
        ))}
      </ul>
    </Aside>
  )
}

import { getProductionTime, type WorkTime } from '@trivium/contract'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { formatCount, formatShare } from '../../ui/format-number.ts'
import { Claim } from '../../ui/page-header.tsx'
import { Section } from '../../ui/section.tsx'

const days = 90

/** How much of the recorded work is about what is in production: an estimate, and what it does not see. */
export function ProductionTime({ project }: { readonly project: string }) {
  const query = useContractQuery(getProductionTime, { params: { project }, query: { days } })
  return (
    <QueryView query={query} what="the estimate" permission="event:read">
      {(data) => {
        const rows = [
          { name: 'Those who make models', ...data.makers },
          ...data.teams.map(({ team, ...time }) => ({ name: team ?? 'Without a team', ...time })),
        ]
        return (
          <>
            <Claim>{sentence(data.makers)}</Claim>
            <Section title="Work on production" note={`an estimate over ${days} days; never by person`}>
              <DataTable
                label="Work on production"
                keys={false}
                rows={rows}
                rowKey={(one) => one.name}
                columns={[
                  { id: 'who', head: 'Who', cell: (one) => one.name },
                  { id: 'people', head: 'People', align: 'right', cell: (one) => formatCount(one.people) },
                  { id: 'days', head: 'Days', align: 'right', cell: (one) => formatCount(one.days) },
                  { id: 'hours', head: 'Active hours', align: 'right', cell: (one) => formatCount(one.activeHours) },
                  {
                    id: 'production',
                    head: 'Of that production',
                    align: 'right',
                    cell: (one) => one.productionHours.toFixed(1),
                  },
                  {
                    id: 'share',
                    head: 'Share',
                    align: 'right',
                    cell: (one) => (one.share === null ? <span className="t3">–</span> : formatShare(one.share, 0)),
                  },
                  { id: 'interval', head: '95 %', cell: (one) => <Interval of={one} /> },
                ]}
              />
            </Section>
            <Section title="How it is estimated">
              <ul>
                {data.production.map((text) => (
                  <li key={text}>Production: {text}.</li>
                ))}
                {data.limits.map((text) => (
                  <li key={text}>{text}</li>
                ))}
                {data.more && <li>There were too many records; only a part of them was read.</li>}
              </ul>
            </Section>
          </>
        )
      }}
    </QueryView>
  )
}

function Interval({ of: { low, high } }: { readonly of: WorkTime }) {
  if (low === null || high === null) return <span className="t3">under six days</span>
  return (
    <span className="t2 nowrap">
      {formatShare(low, 0)} to {formatShare(high, 0)}
    </span>
  )
}

function sentence({ share, low, high, people, days: seen }: WorkTime): string {
  if (share === null) return 'Nobody registered a version or started a run in this time.'
  const sure =
    low === null || high === null
      ? `${formatCount(seen)} days are too few for an interval`
      : `95 % interval ${formatShare(low, 0)} to ${formatShare(high, 0)}`
  return `${formatShare(share, 0)} of the recorded hours of the ${formatCount(people)} who make models went into what is in production (${sure}).`
}

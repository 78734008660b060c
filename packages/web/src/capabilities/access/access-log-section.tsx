import { type AccessEntry, listAccessLog } from '@trivium/contract'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { SelectField } from '../../ui/field.tsx'
import { formatCount } from '../../ui/format-number.ts'
import { NoMatch } from '../../ui/page-states.tsx'
import { Person } from '../../ui/person.tsx'
import { Section } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'
import { Pages } from './audit-events.tsx'
import { AuditFilter, type AuditProps } from './audit-filter.tsx'

const pageSize = 100
const reads: Readonly<Record<string, string>> = {
  tokens: 'read the list of tokens',
  secrets: 'got a new secret',
  rows: 'read rows of data',
  export: 'took an export',
}
const refusals: Readonly<Record<string, string>> = {
  'ACCESS.UNAUTHENTICATED': 'no token, or a wrong one',
  'ACCESS.TOKEN_EXPIRED': 'an expired token',
  'ACCESS.FORBIDDEN': 'not allowed',
  'ACCESS.PROJECT_NOT_FOUND': 'not a member',
  'HTTP.BAD_ORIGIN': 'a page of another site',
  'ACCESS_LOG.DROPPED': 'more than could be kept',
}

/** Who was refused, and who read what is sensitive. */
export function AccessLogSection(props: AuditProps) {
  const { project, view, onFilter, onClear, onPage } = props
  const filter = {
    ...(view.by === '' ? {} : { by: view.by }),
    ...(view.refused === 'all' ? {} : { kind: view.refused }),
    ...(view.from === undefined ? {} : { from: view.from }),
    ...(view.to === undefined ? {} : { to: view.to }),
  }
  const log = useContractQuery(
    listAccessLog,
    {
      params: { project },
      query: { ...filter, limit: pageSize, ...(view.entry === '' ? {} : { before: view.entry }) },
    },
    { keep: true, refetchInterval: 10_000 },
  )
  return (
    <Section
      title="Access log"
      note={log.data && `refused requests and sensitive reads, kept for ${formatCount(log.data.keptDays)} days`}
    >
      <AuditFilter {...props}>
        <SelectField
          label="What"
          value={view.refused}
          onChange={(event) => onFilter({ refused: event.target.value as typeof view.refused })}
          options={[
            { value: 'all', label: 'refused and read' },
            { value: 'denied', label: 'refused' },
            { value: 'read', label: 'read' },
          ]}
        />
      </AuditFilter>
      <QueryView query={log} what="the access log" permission="audit:read" rows={10}>
        {({ entries }) =>
          entries.length === 0 ? (
            Object.keys(filter).length > 0 ? (
              <NoMatch what="entries" onClear={onClear} />
            ) : (
              <p className="t2">Nobody was refused, and nobody read tokens, secrets, rows of data or exports.</p>
            )
          ) : (
            <DataTable
              label="Access log"
              rows={entries}
              rowKey={(entry) => entry.id}
              foot={
                <Pages
                  first={view.entry === ''}
                  full={entries.length === pageSize}
                  said={`${formatCount(entries.length)} entries${view.entry === '' ? ', the newest' : ''}`}
                  onOlder={() => onPage({ entry: entries.at(-1)?.id ?? '' })}
                  onNewest={() => onPage({ entry: '' })}
                />
              }
              columns={[
                { id: 'at', head: 'At', width: '130px', cell: (entry) => <Time at={entry.at} seconds /> },
                { id: 'what', head: 'What', width: '240px', cell: (entry) => <What entry={entry} /> },
                {
                  id: 'by',
                  head: 'By',
                  cell: ({ by, byName }) =>
                    by === null ? <span className="t2">nobody</span> : <Person name={byName ?? by} id={by} />,
                },
                {
                  id: 'path',
                  head: 'Asked for',
                  cut: true,
                  cell: (entry) => (
                    <span className="mono" title={`${entry.method} ${entry.path}`}>
                      {entry.method} {entry.path}
                    </span>
                  ),
                },
                {
                  id: 'needs',
                  head: 'Needs',
                  width: '140px',
                  from: 1000,
                  cell: (entry) => <span className="mono">{entry.permission ?? '–'}</span>,
                },
                { id: 'from', head: 'From', width: '120px', from: 1100, cell: (entry) => entry.address },
                {
                  id: 'count',
                  head: 'Times',
                  align: 'right',
                  width: '64px',
                  cell: (entry) => formatCount(entry.count),
                },
              ]}
            />
          )
        }
      </QueryView>
    </Section>
  )
}

function What({ entry: { kind, what } }: { readonly entry: AccessEntry }) {
  if (kind === 'read') return <State kind="idle">{reads[what] ?? what}</State>
  return <State kind="warn">refused: {refusals[what] ?? what}</State>
}

import { listEvents, listPeople, type SealedEvent } from '@trivium/contract'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { Button } from '../../ui/button.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { kindWord } from '../../ui/entity-kinds.ts'
import { EntityLink } from '../../ui/entity-link.tsx'
import { parseUrn } from '../../ui/entity-url.ts'
import { SelectField } from '../../ui/field.tsx'
import { formatCount } from '../../ui/format-number.ts'
import { shortenHash } from '../../ui/hash.tsx'
import { NoMatch } from '../../ui/page-states.tsx'
import { Person } from '../../ui/person.tsx'
import { Section } from '../../ui/section.tsx'
import { Time } from '../../ui/time.tsx'
import { AuditFilter, type AuditProps, TypedField } from './audit-filter.tsx'
import type { AuditView } from './audit-panel.tsx'

const pageSize = 100
/** Kinds of things that events are about (ARCHITECTURE.md, names of things). */
const kinds = [
  'alert',
  'dataset',
  'deployment',
  'evaluation',
  'feature-view',
  'inbox',
  'model',
  'monitor',
  'pipeline',
  'pipeline-run',
  'principal',
  'project',
  'release',
  'run',
  'token',
  'window',
] as const
/** Kinds that have no page of their own. */
const pageless: ReadonlySet<string> = new Set(['token', 'principal', 'project', 'membership', 'watermark', 'webhook'])

const queryOf = ({ by, kind, name, subject, from, to }: AuditView) => ({
  ...(by === '' ? {} : { by }),
  ...(/^[a-z-]+$/.test(kind) ? { kind } : {}),
  ...(name.length === 0 ? {} : { name: name.join(',') }),
  ...(subject === '' ? {} : { subject }),
  ...(from === undefined ? {} : { from }),
  ...(to === undefined ? {} : { to }),
})

/** Every change of state, newest first, by person, kind, subject and time. */
export function AuditEvents(props: AuditProps) {
  const { project, view, onFilter, onClear, onPage } = props
  const filter = queryOf(view)
  const events = useContractQuery(
    listEvents,
    {
      params: { project },
      query: { ...filter, limit: pageSize, ...(view.before === undefined ? {} : { before: view.before }) },
    },
    { keep: true },
  )
  const people = useContractQuery(listPeople, { params: { project } })
  const nameOf = (id: string) => people.data?.people.find((person) => person.id === id)
  const download = new URLSearchParams(Object.entries(filter).map(([key, value]) => [key, String(value)])).toString()
  return (
    <Section
      title="Events"
      note="every change of state, in one order"
      end={
        <a
          className="btn btn-outline btn-small"
          href={`/api/v1/projects/${project}/events/export${download === '' ? '' : `?${download}`}`}
          download
        >
          Export as JSON Lines
        </a>
      }
    >
      <AuditFilter {...props}>
        <SelectField
          label="About"
          value={view.kind}
          onChange={(event) => onFilter({ kind: event.target.value })}
          options={[{ value: '', label: 'anything' }, ...kinds.map((kind) => ({ value: kind, label: kindWord(kind) }))]}
        />
        <TypedField
          label="Subject"
          value={view.subject}
          placeholder="part of its name"
          onChange={(subject) => onFilter({ subject })}
        />
        <TypedField
          label="Event"
          value={view.name.join(',')}
          placeholder="run.finished,alert.opened"
          onChange={(name) => onFilter({ name: name.split(',').filter(Boolean) })}
        />
      </AuditFilter>
      <QueryView query={events} what="the events" permission="event:read" rows={10}>
        {({ events: rows }) =>
          rows.length === 0 ? (
            Object.keys(filter).length > 0 ? (
              <NoMatch what="events" onClear={onClear} />
            ) : (
              <p className="t2">Nothing happened here.</p>
            )
          ) : (
            <DataTable
              label="Events"
              rows={rows}
              rowKey={(event) => event.id}
              foot={
                <Pages
                  first={view.before === undefined}
                  full={rows.length === pageSize}
                  said={`${formatCount(rows.length)} events${view.before === undefined ? ', the newest' : ''}`}
                  onOlder={() => onPage({ before: rows.at(-1)?.seq })}
                  onNewest={() => onPage({ before: undefined })}
                />
              }
              columns={[
                { id: 'seq', head: 'Number', align: 'right', width: '84px', cell: (event) => formatCount(event.seq) },
                { id: 'at', head: 'Recorded', width: '130px', cell: (event) => <Time at={event.at} seconds /> },
                { id: 'name', head: 'Event', width: '220px', cell: (event) => event.name },
                {
                  id: 'subject',
                  head: 'Subject',
                  cell: (event) => <Subject event={event} personName={(id) => nameOf(id)?.name} />,
                },
                {
                  id: 'by',
                  head: 'By',
                  cell: ({ by }) => {
                    const person = nameOf(by)
                    return (
                      <Person
                        name={person?.name ?? by}
                        id={by}
                        service={person === undefined || person.kind === 'service'}
                      />
                    )
                  },
                },
                {
                  id: 'data',
                  head: 'Details',
                  cut: true,
                  from: 1000,
                  cell: (event) => <span className="t2">{detailsOf(event)}</span>,
                },
              ]}
            />
          )
        }
      </QueryView>
    </Section>
  )
}

/** The line under a list: how many, and the way to older ones. */
export function Pages({
  first,
  full,
  said,
  onOlder,
  onNewest,
}: {
  readonly first: boolean
  readonly full: boolean
  readonly said: string
  readonly onOlder: () => void
  readonly onNewest: () => void
}) {
  return (
    <span className="row">
      <span>{said}</span>
      {!first && (
        <Button size="small" look="quiet" onClick={onNewest}>
          Show the newest
        </Button>
      )}
      {full && (
        <Button size="small" look="quiet" onClick={onOlder}>
          Show older ones
        </Button>
      )}
    </span>
  )
}

function Subject({
  event: { subject },
  personName,
}: {
  readonly event: SealedEvent
  readonly personName: (id: string) => string | undefined
}) {
  const entity = parseUrn(subject)
  if (!entity) return <span className="mono">{subject}</span>
  if (!pageless.has(entity.kind)) return <EntityLink {...entity} look="bare" />
  return (
    <span className="t2 nowrap" title={subject}>
      {kindWord(entity.kind)} {personName(entity.id) ?? shortenHash(entity.id, 'id')}
    </span>
  )
}

/** The event's own words: its data, shortest first, as names and values. */
function detailsOf({ data }: SealedEvent): string {
  return Object.entries(data)
    .filter(([, value]) => value !== null && typeof value !== 'object')
    .map(([key, value]) => `${key} ${String(value)}`)
    .toSorted((a, b) => a.length - b.length)
    .join(', ')
}

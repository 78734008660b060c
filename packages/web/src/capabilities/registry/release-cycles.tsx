import { type CycleStage, getReleaseCycles, type ReleaseCycles as Cycles, type VersionCycle } from '@trivium/contract'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { Duration } from '../../ui/duration.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { formatCount, formatPlural } from '../../ui/format-number.ts'
import { Claim } from '../../ui/page-header.tsx'
import { Section } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'
import { formatDuration } from '../../ui/format-time.ts'

const words: Record<CycleStage['stage'], string> = {
  'registered-approved': 'registered to approved',
  'asked-approved': 'of that, waiting for a decision',
  'approved-deployed': 'approved to deployed',
  'registered-deployed': 'registered to deployed',
  'deployed-replaced': 'deployed to replaced',
}

/** How long versions take from one place to the next, of one model or of all of the project. */
export function ReleaseCycles({ project, model }: { readonly project: string; readonly model?: string }) {
  const query = useContractQuery(getReleaseCycles, { params: { project }, query: model === undefined ? {} : { model } })
  return (
    <QueryView query={query} what="the release cycles" permission="deployment:read">
      {(data) => (
        <>
          <Claim>{sentence(data)}</Claim>
          <Section
            title="How long it takes"
            note={`over the ${data.more ? 'newest ' : ''}${formatPlural(data.versionsRead, 'version')}; medians with their 95 % interval, from six on`}
          >
            <Stages stages={data.stages} />
          </Section>
          <Waiting data={data} />
          {model === undefined ? <Models data={data} /> : <Versions data={data} />}
        </>
      )}
    </QueryView>
  )
}

function sentence({ stages, waiting }: Cycles): string {
  const whole = stages.find((one) => one.stage === 'registered-deployed')
  const first =
    whole?.median === null || whole === undefined
      ? 'No version was deployed yet.'
      : `Half of the versions that were deployed (${formatCount(whole.n)}) were so within ${formatDuration(whole.median)} of their registration.`
  const asked = waiting.filter((one) => one.waitingFor === 'approval').length
  const idle = waiting.length - asked
  const now = [
    ...(asked > 0 ? [`${formatPlural(asked, 'version')} ${asked === 1 ? 'waits' : 'wait'} for approval`] : []),
    ...(idle > 0 ? [`${formatPlural(idle, 'approved version')} ${idle === 1 ? 'is' : 'are'} not deployed`] : []),
  ]
  return now.length === 0 ? `${first} Nothing waits now.` : `${first} Now ${now.join(' and ')}.`
}

function Stages({ stages }: { readonly stages: readonly CycleStage[] }) {
  return (
    <DataTable
      label="Stages"
      keys={false}
      rows={stages}
      rowKey={(one) => one.stage}
      columns={[
        { id: 'stage', head: 'From and to', cell: (one) => words[one.stage] },
        { id: 'n', head: 'Versions', align: 'right', cell: (one) => formatCount(one.n) },
        { id: 'median', head: 'Median', align: 'right', cell: (one) => <Duration ms={one.median} /> },
        { id: 'interval', head: '95 %', cell: (one) => <Span from={one.low} to={one.high} empty="too few" /> },
        { id: 'middle', head: 'Middle half', cell: (one) => <Span from={one.q1} to={one.q3} empty="–" /> },
        { id: 'longest', head: 'Longest', align: 'right', cell: (one) => <Duration ms={one.longest} /> },
      ]}
    />
  )
}

function Span({
  from,
  to,
  empty,
}: {
  readonly from: number | null
  readonly to: number | null
  readonly empty: string
}) {
  if (from === null || to === null) return <span className="t3">{empty}</span>
  return (
    <span className="t2 nowrap">
      {formatDuration(from)} to {formatDuration(to)}
    </span>
  )
}

function Waiting({ data }: { readonly data: Cycles }) {
  if (data.waiting.length === 0) return null
  return (
    <Section title="Waiting now" note="longest first">
      <DataTable
        label="Waiting"
        keys={false}
        density="compact"
        rows={data.waiting}
        rowKey={(one) => `${one.model}/${one.version}`}
        columns={[
          { id: 'version', head: 'Version', cell: (one) => <Name one={one} /> },
          {
            id: 'for',
            head: 'For',
            cell: (one) => (
              <State kind="person">{one.waitingFor === 'approval' ? 'a decision' : 'somebody to deploy it'}</State>
            ),
          },
          {
            id: 'since',
            head: 'Since',
            align: 'right',
            cell: (one) => (one.waitingSince === null ? '–' : <Time at={one.waitingSince} show="age" />),
          },
        ]}
      />
    </Section>
  )
}

const of = (stages: readonly CycleStage[], stage: CycleStage['stage']) => stages.find((one) => one.stage === stage)

function Models({ data }: { readonly data: Cycles }) {
  return (
    <Section title="By model" note="those with the most versions first; medians">
      <DataTable
        label="Models"
        keys={false}
        rows={data.models}
        rowKey={(one) => one.model}
        columns={[
          {
            id: 'model',
            head: 'Model',
            cell: (one) => <EntityLink kind="model" name={one.model} look="name" strong />,
          },
          { id: 'versions', head: 'Versions', align: 'right', cell: (one) => formatCount(one.versions) },
          ...(['registered-approved', 'registered-deployed', 'deployed-replaced'] as const).map((stage) => ({
            id: stage,
            head: words[stage],
            align: 'right' as const,
            cell: (one: Cycles['models'][number]) => {
              const found = of(one.stages, stage)
              return (
                <span className="nowrap">
                  <Duration ms={found?.median} /> <span className="t3">{found && found.n > 0 && `n ${found.n}`}</span>
                </span>
              )
            },
          })),
        ]}
      />
    </Section>
  )
}

function Versions({ data }: { readonly data: Cycles }) {
  const step = (at: number | null) => (at === null ? <span className="t3">–</span> : <Time at={at} />)
  return (
    <Section title="Version by version" note="newest first">
      <DataTable
        label="Versions"
        keys={false}
        density="compact"
        rows={data.versions}
        rowKey={(one) => String(one.version)}
        columns={[
          { id: 'version', head: 'Version', cell: (one) => <Name one={one} /> },
          { id: 'registered', head: 'Registered', cell: (one) => step(one.registeredAt) },
          { id: 'asked', head: 'Asked', cell: (one) => step(one.askedAt) },
          {
            id: 'decided',
            head: 'Decided',
            cell: (one) => (
              <span className="nowrap">
                {step(one.approvedAt ?? one.declinedAt)}{' '}
                {one.declinedAt !== null && <span className="t3">declined</span>}
              </span>
            ),
          },
          { id: 'deployed', head: 'Deployed', cell: (one) => step(one.deployedAt) },
          { id: 'replaced', head: 'Replaced', cell: (one) => step(one.replacedAt) },
        ]}
      />
    </Section>
  )
}

function Name({ one }: { readonly one: VersionCycle }) {
  return (
    <EntityLink kind="model" name={one.model} version={one.version} look="name" strong>
      {one.model} v{one.version}
    </EntityLink>
  )
}

import {
  type CustodyParty,
  type CustodySegment,
  type CustodyStep,
  getReleaseHandOvers,
  type ReleaseHandOvers,
  type VersionCustody,
} from '@trivium/contract'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { Duration } from '../../ui/duration.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { formatCount, formatShare, formatPlural } from '../../ui/format-number.ts'
import { formatDuration } from '../../ui/format-time.ts'
import { Claim } from '../../ui/page-header.tsx'
import { Section } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'
import './hand-overs.css'

const doing: Record<CustodyStep, string> = {
  preparing: 'making it ready',
  deciding: 'a decision',
  releasing: 'somebody to deploy it',
  serving: 'serving',
}
const back = { review: 'a reviewer', gate: 'the gate', withdrawn: 'the request was taken back' } as const

/** Who had the versions of a model, or of all of the project, what came back, and where it stands still. */
export function HandOvers({ project, model }: { readonly project: string; readonly model?: string }) {
  const query = useContractQuery(getReleaseHandOvers, {
    params: { project },
    query: model === undefined ? {} : { model },
  })
  return (
    <QueryView query={query} what="the hand-overs" permission="deployment:read">
      {(data) => (
        <>
          <Claim>{sentence(data)}</Claim>
          <Stalled data={data} />
          <Section
            title="Where the time goes"
            note={`over the ${data.more ? 'newest ' : ''}${formatPlural(data.versionsRead, 'version')}; waits that are over, medians with their 95 % interval from six on; versions that a later one overtook are not counted`}
          >
            <Steps data={data} />
          </Section>
          <Between data={data} />
          <Reasons data={data} />
          <Ways data={data} />
        </>
      )}
    </QueryView>
  )
}

function sentence({ slowest, steps, returned, stalled }: ReleaseHandOvers): string {
  const share = steps.find((one) => one.step === slowest)?.share
  const most =
    slowest === null || share === null || share === undefined
      ? 'Nothing waited for anybody yet.'
      : `${formatShare(share, 0)} of all waiting was for ${doing[slowest]}.`
  const came =
    returned.share === null
      ? ''
      : ` Of ${formatPlural(returned.of, 'version')} that somebody was asked to decide on, ${formatCount(returned.versions)} came back at least once${
          returned.low === null || returned.high === null
            ? '.'
            : ` (95 % interval ${formatShare(returned.low, 0)} to ${formatShare(returned.high, 0)}).`
        }`
  const now =
    stalled.length === 0
      ? ' Nothing stands still now.'
      : ` ${formatPlural(stalled.length, 'version')} ${stalled.length === 1 ? 'stands' : 'stand'} still now.`
  return most + came + now
}

function Stalled({ data }: { readonly data: ReleaseHandOvers }) {
  if (data.stalled.length === 0) return null
  return (
    <Section title="Stands still now" note="longest first">
      <DataTable
        label="Stands still"
        keys={false}
        density="compact"
        rows={data.stalled}
        rowKey={(one) => `${one.model}/${one.version}`}
        columns={[
          { id: 'version', head: 'Version', cell: (one) => <Name one={one} /> },
          {
            id: 'for',
            head: 'For',
            cell: (one) => one.stalled && <State kind="person">{doing[one.stalled.step]}</State>,
          },
          { id: 'with', head: 'With', cell: (one) => one.stalled && <Party of={one.stalled.party} /> },
          {
            id: 'since',
            head: 'Since',
            align: 'right',
            cell: (one) => one.stalled && <Time at={one.stalled.since} show="age" />,
          },
          {
            id: 'than',
            head: 'Longer than',
            align: 'right',
            cell: ({ stalled }) =>
              stalled === null || stalled.longerThan === null ? (
                <span className="t3">none before</span>
              ) : (
                `${formatShare(stalled.longerThan, 0)} of ${formatCount(stalled.of)} before`
              ),
          },
          { id: 'back', head: 'Came back', align: 'right', cell: (one) => formatCount(one.returns.length) },
        ]}
      />
    </Section>
  )
}

function Steps({ data }: { readonly data: ReleaseHandOvers }) {
  return (
    <DataTable
      label="Steps"
      keys={false}
      rows={data.steps}
      rowKey={(one) => one.step}
      columns={[
        { id: 'step', head: 'Waiting for', cell: (one) => doing[one.step] },
        { id: 'n', head: 'Over', align: 'right', cell: (one) => formatCount(one.n) },
        { id: 'median', head: 'Median', align: 'right', cell: (one) => <Duration ms={one.median} /> },
        { id: 'interval', head: '95 %', cell: (one) => <Span from={one.low} to={one.high} empty="too few" /> },
        { id: 'middle', head: 'Middle half', cell: (one) => <Span from={one.q1} to={one.q3} empty="–" /> },
        { id: 'longest', head: 'Longest', align: 'right', cell: (one) => <Duration ms={one.longest} /> },
        {
          id: 'share',
          head: 'Of the waiting',
          align: 'right',
          cell: (one) => (one.share === null ? <span className="t3">–</span> : formatShare(one.share, 0)),
        },
        { id: 'open', head: 'Open', align: 'right', cell: (one) => formatCount(one.open) },
        { id: 'superseded', head: 'Overtaken', align: 'right', cell: (one) => formatCount(one.superseded) },
      ]}
    />
  )
}

function Span(props: { readonly from: number | null; readonly to: number | null; readonly empty: string }) {
  if (props.from === null || props.to === null) return <span className="t3">{props.empty}</span>
  return (
    <span className="t2 nowrap">
      {formatDuration(props.from)} to {formatDuration(props.to)}
    </span>
  )
}

function Between({ data }: { readonly data: ReleaseHandOvers }) {
  if (data.between.length === 0) return null
  return (
    <Section
      title="Between teams"
      note="a team is the first group by name that has a role here, else the role; as it is today"
    >
      <DataTable
        label="Between teams"
        keys={false}
        rows={data.between}
        rowKey={(one) => `${one.from} ${one.to}`}
        columns={[
          { id: 'from', head: 'From', cell: (one) => one.from ?? <span className="t3">without a team</span> },
          { id: 'to', head: 'To', cell: (one) => one.to ?? <span className="t3">without a team</span> },
          { id: 'n', head: 'Hand-overs', align: 'right', cell: (one) => formatCount(one.n) },
          { id: 'back', head: 'Back again', align: 'right', cell: (one) => formatCount(one.back) },
          { id: 'waits', head: 'Waits over', align: 'right', cell: (one) => formatCount(one.wait.n) },
          { id: 'median', head: 'Median wait', align: 'right', cell: (one) => <Duration ms={one.wait.median} /> },
          {
            id: 'interval',
            head: '95 %',
            cell: (one) => <Span from={one.wait.low} to={one.wait.high} empty="too few" />,
          },
        ]}
      />
    </Section>
  )
}

function Reasons({ data }: { readonly data: ReleaseHandOvers }) {
  if (data.reasons.length === 0) return null
  return (
    <Section title="Why versions came back" note="most frequent first">
      <DataTable
        label="Reasons"
        keys={false}
        density="compact"
        rows={data.reasons}
        rowKey={(one) => `${one.kind} ${one.reason}`}
        columns={[
          { id: 'by', head: 'By', cell: (one) => <span className="nowrap">{back[one.kind]}</span> },
          { id: 'reason', head: 'Reason', cell: (one) => one.reason || <span className="t3">none was given</span> },
          { id: 'n', head: 'Times', align: 'right', cell: (one) => formatCount(one.n) },
        ]}
      />
    </Section>
  )
}

function Ways({ data }: { readonly data: ReleaseHandOvers }) {
  if (data.versions.length === 0) return null
  return (
    <Section title="Who had each version" note="newest first; from hand to hand, with how long it lay there">
      <DataTable
        label="Ways"
        keys={false}
        density="compact"
        rows={data.versions}
        rowKey={(one) => `${one.model}/${one.version}`}
        columns={[
          { id: 'version', head: 'Version', cell: (one) => <Name one={one} /> },
          {
            id: 'hands',
            head: 'Hand-overs',
            align: 'right',
            cell: (one) => (
              <span className="nowrap">
                {formatCount(one.handOvers)}{' '}
                {one.backAndForth > 0 && <span className="t3">{formatCount(one.backAndForth)} back</span>}
              </span>
            ),
          },
          {
            id: 'way',
            head: 'Way',
            cell: (one) => (
              <span className="custody">
                {one.segments.map((segment) => (
                  <Stretch key={`${segment.step} ${segment.from}`} of={segment} />
                ))}
              </span>
            ),
          },
        ]}
      />
    </Section>
  )
}

function Stretch({ of }: { readonly of: CustodySegment }) {
  return (
    <span className="custody-stretch" data-step={of.step}>
      <Party of={of.party} />{' '}
      <span className="t3 nowrap">
        {of.step === 'releasing' ? 'deploying' : of.step} {of.to === null ? 'now' : <Duration ms={of.to - of.from} />}
        {of.ended === 'returned' && ', back'}
        {of.ended === 'superseded' && ', overtaken'}
      </span>
    </span>
  )
}

function Party({ of }: { readonly of: CustodyParty }) {
  if (of.name === null) return <span className="t3">nobody yet</span>
  return (
    <span className="nowrap" title={of.team ?? undefined}>
      {of.name}
    </span>
  )
}

function Name({ one }: { readonly one: VersionCustody }) {
  return (
    <EntityLink kind="model" name={one.model} version={one.version} look="name" strong>
      {one.model} v{one.version}
    </EntityLink>
  )
}

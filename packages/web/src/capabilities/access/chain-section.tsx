import { type ChainReport, type ChainState, getEventChain, verifyEvents } from '@trivium/contract'
import type { ReactNode } from 'react'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { usePermission } from '../../data/session.ts'
import { Button } from '../../ui/button.tsx'
import { CommandBox } from '../../ui/code-example.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { Facts } from '../../ui/facts.tsx'
import { formatCount } from '../../ui/format-number.ts'
import { Hash } from '../../ui/hash.tsx'
import { Section } from '../../ui/section.tsx'
import { State, StateGlyph, type StateKind } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'

/** How far the events are sealed, signed and verified, and a button that verifies them now. */
export function ChainSection({ project }: { readonly project: string }) {
  const chain = useContractQuery(getEventChain, { params: { project } })
  const verify = useContractMutation(verifyEvents, { invalidates: [getEventChain] })
  const allowed = usePermission(project, 'audit:read')
  return (
    <Section
      title="Chain of the events"
      note="each batch holds the digest of the one before"
      end={
        <Button
          pending={verify.isPending}
          denied={allowed === false ? 'This needs audit:read. An administrator of the project holds it.' : undefined}
          onClick={() => verify.mutate({ params: { project } })}
        >
          Verify events
        </Button>
      }
    >
      <QueryView query={chain} what="the state of the chain" permission="event:read" shape="facts">
        {(state) => (
          <>
            <p className="claim">
              <Verdict state={state} />
            </p>
            <Facts
              facts={[
                { label: 'Sealed', value: `${formatCount(state.events)} events, up to ${formatCount(state.seq)}` },
                { label: 'Batches', value: formatCount(state.batches) },
                state.digest !== null && { label: 'Last digest', value: <Hash value={state.digest} /> },
                {
                  label: 'Signed',
                  value: state.checkpoint ? (
                    <>
                      up to {formatCount(state.checkpoint.seq)}, <Time at={state.checkpoint.at} />
                    </>
                  ) : (
                    <span className="t2">not yet; within a minute</span>
                  ),
                },
                state.checkpoint && {
                  label: 'With key',
                  value: <Hash value={state.checkpoint.keyId} form="digest" />,
                },
              ]}
            />
          </>
        )}
      </QueryView>
      {verify.error && <State kind="bad">{verify.error.detail}</State>}
      {verify.data && !verify.data.intact && (
        <div className="mt-16 stack gap-8">
          <Problems report={verify.data} />
          <CommandBox command={`trivium events verify --project ${project} --json`} />
        </div>
      )}
    </Section>
  )
}

/** The last word about the chain; nothing found is not said of what nobody looked at. */
function Verdict({ state: { events, seq, verified } }: { readonly state: ChainState }) {
  if (events === 0) return <Said kind="none">No event is sealed yet.</Said>
  if (verified === null) return <Said kind="none">Nobody has verified these events yet.</Said>
  const { problems } = verified
  if (problems > 0)
    return (
      <Said kind="bad">
        <b>{problems === 1 ? 'One thing is' : `${formatCount(problems)} things are`} not as sealed</b>, found{' '}
        <Time at={verified.at} />.
      </Said>
    )
  return (
    <Said kind="ok">
      <b>Verified up to {formatCount(verified.seq)}</b>, <Time at={verified.at} />: every event is as it was sealed.
      {seq > verified.seq && <span className="t2"> Newer ones were not looked at.</span>}
    </Said>
  )
}

function Said({ kind, children }: { readonly kind: StateKind; readonly children: ReactNode }) {
  return (
    <span className="row">
      <StateGlyph kind={kind} />
      <span>{children}</span>
    </span>
  )
}

function Problems({ report }: { readonly report: ChainReport }) {
  return (
    <DataTable
      label="What is not as sealed"
      rows={report.problems}
      rowKey={(one) => `${one.kind}/${one.seq}/${one.batch}/${one.detail}`}
      tone={() => 'bad'}
      foot={report.more > 0 ? `${formatCount(report.more)} more are not listed.` : undefined}
      columns={[
        { id: 'seq', head: 'Number', align: 'right', width: '90px', cell: (one) => one.seq ?? '–' },
        { id: 'kind', head: 'What', width: '110px', cell: (one) => <State kind="bad">{one.kind}</State> },
        {
          id: 'event',
          head: 'Event',
          width: '150px',
          cell: (one) => (one.event === null ? <span className="t3">–</span> : <Hash value={one.event} form="id" />),
        },
        { id: 'detail', head: 'Found', cut: true, cell: (one) => one.detail },
      ]}
    />
  )
}

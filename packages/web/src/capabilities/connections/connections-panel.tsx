import { type Connection, listConnections, testConnection } from '@trivium/contract'
import { useState } from 'react'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { Button } from '../../ui/button.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { Section } from '../../ui/section.tsx'
import { State, type StateKind } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'
import { AllowedAddresses } from './allowed-addresses.tsx'
import { connectionsSentence } from './connections-sentence.ts'

const states: Record<Connection['state'], { readonly kind: StateKind; readonly word: string }> = {
  works: { kind: 'ok', word: 'works' },
  fails: { kind: 'bad', word: 'fails' },
  unused: { kind: 'none', word: 'not used yet' },
  off: { kind: 'idle', word: 'not set' },
}
const tlsWords: Record<Connection['tls'], string> = {
  yes: 'yes',
  no: 'no',
  'none-needed': 'local',
  unknown: 'as set up',
}

/** Everything outside of itself that the server reaches: how it goes, a test of each, and the internal addresses that it may call. */
export function ConnectionsPanel() {
  const found = useContractQuery(listConnections, {}, { refetchInterval: 10_000 })
  return (
    <QueryView query={found} what="the connections" permission="instance:admin">
      {({ connections, allowances, setting }) => (
        <>
          <ConnectionTable connections={connections} />
          <AllowedAddresses allowances={allowances} setting={setting} />
        </>
      )}
    </QueryView>
  )
}

function ConnectionTable({ connections }: { readonly connections: readonly Connection[] }) {
  const [trying, setTrying] = useState<string>()
  const [told, setTold] = useState<ReadonlyMap<string, string>>(new Map())
  const test = useContractMutation(testConnection, {
    invalidates: [listConnections],
    onDone: ({ found, ms, connection: { name } }) =>
      setTold((before) => new Map(before).set(name, `${found} · tried just now, ${ms.toLocaleString('en-GB')} ms`)),
  })
  const start = (name: string) => {
    setTrying(name)
    test.mutate({ params: { connection: name } })
  }
  return (
    <Section
      title="Connections"
      note="what this server reaches outside of itself; a failure stays until it works again"
    >
      <p className="claim">{connectionsSentence(connections)}</p>
      <div className="mt-8">
        <DataTable
          label="Connections"
          rows={connections}
          rowKey={(one) => one.name}
          density="two-line"
          tone={(one) => (one.state === 'fails' ? 'bad' : one.state === 'off' ? 'faint' : undefined)}
          columns={[
            {
              id: 'name',
              head: 'Connection',
              cell: (one) => (
                <div className="sentence-cell">
                  <span className="m">{one.name}</span>
                  <span className="xs">{one.purpose}</span>
                </div>
              ),
            },
            {
              id: 'state',
              head: 'State',
              cell: (one) => <State kind={states[one.state].kind}>{states[one.state].word}</State>,
            },
            {
              id: 'act',
              head: '',
              cell: (one) => (
                <Button
                  size="small"
                  aria-label={`Test ${one.name}`}
                  pending={test.isPending && trying === one.name}
                  denied={untestedWhy(one)}
                  onClick={() => start(one.name)}
                >
                  Test
                </Button>
              ),
            },
            {
              id: 'cause',
              head: 'Found last',
              cell: (one) => <div className="sentence-cell">{told.get(one.name) ?? one.failure ?? <Nothing />}</div>,
            },
            {
              id: 'address',
              head: 'Address',
              cell: (one) => (
                <div className="sentence-cell">
                  {one.address ?? <span className="t3">{`set ${one.settings.join(', ')}`}</span>}
                  <span className="xs">{secondLine(one)}</span>
                </div>
              ),
            },
            {
              id: 'tls',
              head: 'TLS, internal',
              cell: (one) => (
                <span className="cell-two">
                  <span>{one.state === 'off' ? <Nothing /> : (one.tlsVersion ?? tlsWords[one.tls])}</span>
                  <Internal connection={one} />
                </span>
              ),
            },
            { id: 'ok', head: 'Worked', align: 'right', cell: (one) => <Time at={one.succeededAt} show="age" /> },
            { id: 'bad', head: 'Failed', align: 'right', cell: (one) => <Time at={one.failedAt} show="age" /> },
          ]}
          foot={
            <>
              Code of steps that declare <span className="mono">network: true</span> reaches what this machine reaches;
              it stands in no list.
            </>
          }
        />
      </div>
      {test.error && <State kind="bad">{test.error.detail}</State>}
    </Section>
  )
}

/** Who uses it, what opens it, and by which way it leaves. */
function secondLine({ uses, credentials, through, state }: Connection): string {
  if (state === 'off') return ''
  const way = through === 'program' ? 'by a program of its own' : ''
  return [uses, credentials === null ? '' : `credentials: ${credentials}`, way].filter(Boolean).join(' · ')
}

const untestedWhy = ({ testable, state, name }: Connection): string | undefined => {
  if (testable) return undefined
  if (state === 'off') return 'It is not set.'
  return name === 'package-index'
    ? 'uv reaches it while it builds an environment; the log of the step says how that went.'
    : 'There is nothing to try.'
}

const Nothing = () => <span className="t3">–</span>

function Internal({ connection: { through, reaches, allowedBy, state } }: { readonly connection: Connection }) {
  if (state === 'off' || through !== 'egress') return <span />
  if (reaches === 'public') return <span>public</span>
  if (reaches === 'unknown') return <span>known once it answers</span>
  return <span>{allowedBy === null ? 'internal, not allowed' : `internal, by ${allowedBy}`}</span>
}

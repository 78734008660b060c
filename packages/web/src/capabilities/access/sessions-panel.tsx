import {
  endSession,
  endSessions,
  getSignIn,
  listSessions,
  logout,
  type Session,
  type SignInMethod,
} from '@trivium/contract'
import { useState } from 'react'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { useSession } from '../../data/session.ts'
import { Button, Segmented } from '../../ui/button.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { Section } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'
import { browserWords } from './browser-words.ts'
import { OwnPassword } from './own-password.tsx'
import { ProviderButton } from './provider-button.tsx'

const methodWords: Record<SignInMethod, string> = {
  link: 'login link',
  provider: 'identity provider',
  password: 'password',
  invitation: 'invitation',
  unknown: 'not known',
}

/** Where one is signed in, and for an administrator of the instance everybody; each session can be ended. */
export function SessionsPanel() {
  const { data: me } = useSession()
  const [of, setOf] = useState<'me' | 'all'>('me')
  const all = of === 'all'
  const sessions = useContractQuery(listSessions, { query: { all } }, { keep: true })
  const end = useContractMutation(endSession, { invalidates: [listSessions] })
  const endOthers = useContractMutation(endSessions, { invalidates: [listSessions] })
  const failure = end.error ?? endOthers.error
  return (
    <>
      <Section
        title={all ? 'Everybody’s sessions' : 'Your sessions'}
        note="browsers that are signed in; one that is ended is refused at once"
        end={
          me?.instanceAdmin && (
            <Segmented
              label="Whose sessions"
              options={[
                { value: 'me', label: 'Yours' },
                { value: 'all', label: 'Everybody’s' },
              ]}
              value={of}
              onChange={setOf}
            />
          )
        }
      >
        <QueryView query={sessions} what="the sessions">
          {(data) => (
            <SessionsTable
              sessions={data.sessions}
              all={all}
              onEnd={(session) => end.mutate({ params: { session } })}
            />
          )}
        </QueryView>
        {failure && <State kind="bad">{failure.detail}</State>}
        <div className="row wrap mt-12">
          <SignOut />
          {!all && (sessions.data?.sessions.length ?? 0) > 1 && (
            <Button pending={endOthers.isPending} onClick={() => endOthers.mutate({})}>
              End your other sessions
            </Button>
          )}
        </div>
      </Section>
      <OtherWays />
    </>
  )
}

interface SessionsTableProps {
  readonly sessions: readonly Session[]
  readonly all: boolean
  readonly onEnd: (id: string) => void
}

function SessionsTable({ sessions, all, onEnd }: SessionsTableProps) {
  if (sessions.length === 0) return <p className="t2">No browser is signed in.</p>
  return (
    <DataTable
      label="Sessions"
      rows={sessions}
      rowKey={(session) => session.id}
      columns={[
        ...(all ? [{ id: 'of', head: 'Of', cell: (session: Session) => session.principalName }] : []),
        {
          id: 'browser',
          head: 'Browser',
          cell: (session) => <span title={session.browser}>{browserWords(session.browser)}</span>,
        },
        { id: 'address', head: 'Address', cell: (session) => <span className="m">{session.address || '–'}</span> },
        {
          id: 'method',
          head: 'Signed in by',
          cell: (session) => <span className="t2">{methodWords[session.method]}</span>,
        },
        { id: 'begun', head: 'Begun', align: 'right', cell: (session) => <Time at={session.createdAt} show="age" /> },
        {
          id: 'used',
          head: 'Last used',
          align: 'right',
          cell: (session) => <Time at={session.lastUsedAt} show="age" />,
        },
        {
          id: 'ends',
          head: 'Ends unused',
          align: 'right',
          cell: (session) => (
            <Time at={Math.min(session.idleEndsAt, session.expiresAt ?? session.idleEndsAt)} show="day" />
          ),
        },
        {
          id: 'act',
          head: '',
          align: 'right',
          cell: (session) =>
            session.current ? (
              <State kind="ok">this one</State>
            ) : (
              <Button size="small" look="quiet" onClick={() => onEnd(session.id)}>
                End
              </Button>
            ),
        },
      ]}
    />
  )
}

function SignOut() {
  const out = useContractMutation(logout, {
    // A new page: nothing that was read stays in memory.
    onDone: ({ location }) => window.location.assign(location ?? '/login'),
  })
  return (
    <Button pending={out.isPending || out.isSuccess} onClick={() => out.mutate({})}>
      Sign out
    </Button>
  )
}

/** Ways to sign in that one may add. */
function OtherWays() {
  const { data } = useContractQuery(getSignIn, {})
  const { data: me } = useSession()
  if (!data || me?.kind !== 'person') return null
  return (
    <>
      {data.passwords && <OwnPassword />}
      {data.provider && (
        <Section title="Single sign-on" note="adds this way to sign in to your account">
          <ProviderButton
            name={data.provider.name}
            next={window.location.pathname + window.location.search}
            connect
            look="outline"
          />
        </Section>
      )}
    </>
  )
}

import {
  createInvitation,
  getSignIn,
  type Invitation,
  listInvitations,
  listRoles,
  revokeInvitation,
} from '@trivium/contract'
import { type FormEvent, useState } from 'react'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { usePermission } from '../../data/session.ts'
import { Button } from '../../ui/button.tsx'
import { CommandBox } from '../../ui/code-example.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { useNow } from '../../ui/environment.tsx'
import { SelectField, TextField } from '../../ui/field.tsx'
import { Note, Section } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'

/** Invites somebody new, and lists who was invited. */
export function InvitationsSection({ project }: { readonly project: string }) {
  const allowed = usePermission(project, 'member:write')
  if (allowed === false) return null
  return (
    <>
      <Invite project={project} />
      <Invitations project={project} />
    </>
  )
}

function Invite({ project }: { readonly project: string }) {
  const roles = useContractQuery(listRoles, { params: { project } })
  const methods = useContractQuery(getSignIn, {})
  const [role, setRole] = useState('contributor')
  const [name, setName] = useState('')
  const [mail, setMail] = useState('')
  const [days, setDays] = useState(7)
  const invite = useContractMutation(createInvitation, { invalidates: [listInvitations] })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    invite.mutate({
      params: { project },
      body: {
        role,
        expiresInDays: days,
        ...(name === '' ? {} : { name }),
        ...(mail === '' ? {} : { mail }),
      },
    })
  }
  return (
    <Section title="Invite somebody new" note="makes a link, good for one use; whoever opens it gets the role">
      <form onSubmit={submit} style={{ maxWidth: 420 }}>
        <SelectField
          label="Role"
          value={role}
          onChange={(event) => setRole(event.target.value)}
          options={(roles.data?.roles ?? []).map((one) => ({ value: one.name, label: one.name }))}
        />
        <TextField
          label="Name, if you know it"
          pattern="[a-z0-9][a-z0-9._\-]{0,62}"
          help="Suggested; the person chooses."
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        {methods.data?.provider && (
          <TextField
            label="Mail address, if only its owner may use the link"
            type="email"
            help={`${methods.data.provider.name} vouches for it: the link works by signing in there.`}
            value={mail}
            onChange={(event) => setMail(event.target.value)}
          />
        )}
        <TextField
          label="Good for"
          unit="days"
          type="number"
          min={1}
          max={90}
          value={days}
          onChange={(event) => setDays(Number(event.target.value))}
        />
        {invite.error && <State kind="bad">{invite.error.detail}</State>}
        <div className="row mt-12">
          <Button type="submit" pending={invite.isPending}>
            Make invitation
          </Button>
        </div>
      </form>
      {invite.data && (
        <div className="mt-12">
          <Note>
            <p>Send it to whom it is for; it is not shown again.</p>
            <CommandBox command={`${window.location.origin}${invite.data.path}`} />
          </Note>
        </div>
      )}
    </Section>
  )
}

function Invitations({ project }: { readonly project: string }) {
  const invitations = useContractQuery(listInvitations, { params: { project } })
  const revoke = useContractMutation(revokeInvitation, { invalidates: [listInvitations] })
  if (invitations.data?.invitations.length === 0) return null
  return (
    <Section title="Invitations">
      <QueryView query={invitations} what="the invitations" permission="member:write">
        {(data) => (
          <DataTable
            label="Invitations"
            rows={data.invitations}
            rowKey={(one) => one.id}
            columns={[
              { id: 'role', head: 'Role', cell: (one) => one.role },
              {
                id: 'for',
                head: 'For',
                cell: (one) => one.mail ?? one.name ?? <span className="t2">whoever has the link</span>,
              },
              { id: 'state', head: 'State', cell: (one) => <InvitationState of={one} /> },
              { id: 'by', head: 'By', cell: (one) => one.invitedBy },
              { id: 'made', head: 'Made', align: 'right', cell: (one) => <Time at={one.createdAt} show="age" /> },
              {
                id: 'until',
                head: 'Good until',
                align: 'right',
                cell: (one) => <Time at={one.expiresAt} show="day" />,
              },
              {
                id: 'act',
                head: '',
                align: 'right',
                cell: (one) =>
                  one.usedAt === null &&
                  one.revokedAt === null && (
                    <Button
                      size="small"
                      look="quiet"
                      onClick={() => revoke.mutate({ params: { project, invitation: one.id } })}
                    >
                      Take back
                    </Button>
                  ),
              },
            ]}
          />
        )}
      </QueryView>
      {revoke.error && <State kind="bad">{revoke.error.detail}</State>}
    </Section>
  )
}

function InvitationState({ of }: { readonly of: Invitation }) {
  const now = useNow()
  if (of.usedAt !== null) return <State kind="ok">used by {of.usedBy ?? 'somebody'}</State>
  if (of.revokedAt !== null) return <State kind="idle">taken back</State>
  if (of.expiresAt <= now) return <State kind="idle">expired</State>
  return <State kind="person">open</State>
}

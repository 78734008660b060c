import { acceptInvitation, getSession, getSignIn, joinByInvitation, openInvitation } from '@trivium/contract'
import { type FormEvent, useState } from 'react'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { useContractQuery } from '../../data/contract-query.ts'
import { Button } from '../../ui/button.tsx'
import { TextField } from '../../ui/field.tsx'
import { State, StateGlyph } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'
import { ProviderButton } from './provider-button.tsx'

/** What an invitation is for, and the ways to take it. */
export function InvitationView({ token, onDone }: { readonly token: string; readonly onDone: () => void }) {
  const invitation = useContractQuery(openInvitation, { body: { token } }, { staleTime: Number.POSITIVE_INFINITY })
  const methods = useContractQuery(getSignIn, {})
  const session = useContractQuery(getSession, {})
  const join = useContractMutation(joinByInvitation, { onDone })
  if (invitation.error)
    return (
      <>
        <h1>This invitation does not work any more</h1>
        <p role="alert">{invitation.error.detail}</p>
      </>
    )
  if (!invitation.data || !methods.data)
    return (
      <>
        <h1>Invitation</h1>
        <p role="status" className="st st-run">
          <StateGlyph kind="run" label={false} /> Reading the invitation.
        </p>
      </>
    )
  const { title, role, invitedBy, name, expiresAt, byProvider } = invitation.data
  const { provider, passwords } = methods.data
  return (
    <>
      <h1>Join {title}</h1>
      <p>
        {invitedBy} invites you as {role}. The invitation is good until <Time at={expiresAt} show="day" />.
      </p>
      {session.data && !byProvider && (
        <div className="alone-part">
          <Button look="primary" pending={join.isPending} onClick={() => join.mutate({ body: { token } })}>
            {`Join as ${session.data.name}`}
          </Button>
          {join.error && <State kind="bad">{join.error.detail}</State>}
        </div>
      )}
      {provider && (
        <div className="alone-part">
          <ProviderButton
            name={provider.name}
            invitation={token}
            look={session.data && !byProvider ? 'outline' : 'primary'}
          />
        </div>
      )}
      {!byProvider && (
        <NewAccount
          token={token}
          suggested={name ?? ''}
          passwords={passwords}
          primary={!provider && !session.data}
          onDone={onDone}
        />
      )}
    </>
  )
}

interface NewAccountProps {
  readonly token: string
  readonly suggested: string
  readonly passwords: boolean
  readonly primary: boolean
  readonly onDone: () => void
}

function NewAccount({ token, suggested, passwords, primary, onDone }: NewAccountProps) {
  const [name, setName] = useState(suggested)
  const [password, setPassword] = useState('')
  const accept = useContractMutation(acceptInvitation, { onDone })
  const weak = accept.error?.code === 'SIGN_IN.WEAK_PASSWORD'
  const submit = (event: FormEvent) => {
    event.preventDefault()
    accept.mutate({ body: { token, name, ...(password === '' ? {} : { password }) } })
  }
  return (
    <section className="alone-part">
      <h2>Make an account</h2>
      <form onSubmit={submit} className="alone-form">
        <TextField
          label="Name"
          name="username"
          autoComplete="username"
          autoCapitalize="none"
          required
          pattern="[a-z0-9][a-z0-9._\-]{0,62}"
          help="Lower-case letters, digits, dot, underscore, hyphen. Others see it beside what you do."
          error={accept.error && !weak ? accept.error.detail : undefined}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        {passwords ? (
          <TextField
            label="Password"
            name="password"
            type="password"
            autoComplete="new-password"
            required
            help="At least 12 characters. A sentence is easier to keep in mind than signs."
            error={weak ? accept.error?.detail : undefined}
            value={password}
            onChange={(event) => setPassword(event.target.value)}
          />
        ) : (
          <p className="field-help">
            This browser stays signed in. In another one you need a login link from an administrator.
          </p>
        )}
        <div className="row mt-12">
          <Button type="submit" look={primary ? 'primary' : 'outline'} pending={accept.isPending}>
            Make account and join
          </Button>
        </div>
      </form>
    </section>
  )
}

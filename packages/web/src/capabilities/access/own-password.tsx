import { listSessions, setPassword } from '@trivium/contract'
import { type FormEvent, useState } from 'react'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { Button } from '../../ui/button.tsx'
import { TextField } from '../../ui/field.tsx'
import { Section } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'

/** Sets one's own password. */
export function OwnPassword() {
  const [current, setCurrent] = useState('')
  const [next, setNext] = useState('')
  const change = useContractMutation(setPassword, {
    invalidates: [listSessions],
    onDone: () => {
      setCurrent('')
      setNext('')
    },
  })
  const aboutCurrent = ['SIGN_IN.WRONG_CURRENT', 'SIGN_IN.CURRENT_NEEDED'].includes(change.error?.code ?? '')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    change.mutate({ body: { password: next, ...(current === '' ? {} : { current }) } })
  }
  return (
    <Section title="Your password" note="a new one ends your other sessions">
      <form onSubmit={submit} style={{ maxWidth: 420 }}>
        <TextField
          label="Current password"
          type="password"
          autoComplete="current-password"
          help="Leave it empty within 15 minutes of signing in by a link or the identity provider."
          error={aboutCurrent ? change.error?.detail : undefined}
          value={current}
          onChange={(event) => setCurrent(event.target.value)}
        />
        <TextField
          label="New password"
          type="password"
          autoComplete="new-password"
          required
          help="At least 12 characters. A sentence is easier to keep in mind than signs."
          error={change.error && !aboutCurrent ? change.error.detail : undefined}
          value={next}
          onChange={(event) => setNext(event.target.value)}
        />
        <div className="row mt-12">
          <Button type="submit" pending={change.isPending}>
            Set password
          </Button>
          {change.data && <State kind="ok">set; {change.data.ended} other sessions ended</State>}
        </div>
      </form>
    </Section>
  )
}

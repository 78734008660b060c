import { signInByPassword } from '@trivium/contract'
import { type FormEvent, useState } from 'react'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { Button } from '../../ui/button.tsx'
import { TextField } from '../../ui/field.tsx'

/** Name and password. What was typed stays when it was wrong. */
export function PasswordForm({ primary, onDone }: { readonly primary: boolean; readonly onDone: () => void }) {
  const [name, setName] = useState('')
  const [password, setPassword] = useState('')
  const signIn = useContractMutation(signInByPassword, { onDone })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    signIn.mutate({ body: { name: name.trim(), password } })
  }
  return (
    <form onSubmit={submit} className="alone-form">
      <TextField
        label="Name"
        name="username"
        autoComplete="username"
        autoCapitalize="none"
        required
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      <TextField
        label="Password"
        name="password"
        type="password"
        autoComplete="current-password"
        required
        value={password}
        error={signIn.error?.detail}
        onChange={(event) => setPassword(event.target.value)}
      />
      <div className="row mt-12">
        <Button type="submit" look={primary ? 'primary' : 'outline'} pending={signIn.isPending}>
          Sign in
        </Button>
      </div>
    </form>
  )
}

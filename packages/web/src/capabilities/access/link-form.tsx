import { type FormEvent, useState } from 'react'
import { Button } from '../../ui/button.tsx'
import { CommandBox } from '../../ui/code-example.tsx'
import { TextField } from '../../ui/field.tsx'

interface LinkFormProps {
  /** The only way in: its button is the one that leads on. */
  readonly primary: boolean
  readonly onToken: (token: string) => void
}

/** Where a one-time link comes from, and a field to paste it. */
export function LinkForm({ primary, onToken }: LinkFormProps) {
  const [pasted, setPasted] = useState('')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const token = /token=([^&\s]+)/.exec(pasted)?.[1] ?? pasted.trim()
    if (token !== '') onToken(decodeURIComponent(token))
  }
  return (
    <>
      <CommandBox command="npx trivium open" />
      <form onSubmit={submit} className="alone-form mt-24">
        <TextField
          label="Or paste the link"
          mono
          value={pasted}
          onChange={(event) => setPasted(event.target.value)}
          placeholder="http://…/login#token=…"
        />
        <div className="row mt-12">
          <Button
            type="submit"
            look={primary ? 'primary' : 'outline'}
            denied={pasted.trim() === '' ? 'Paste a link first.' : undefined}
          >
            Sign in
          </Button>
        </div>
      </form>
    </>
  )
}

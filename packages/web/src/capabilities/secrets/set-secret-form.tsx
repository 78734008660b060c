import { listSecrets, getSecret, type Secret, setSecret } from '@trivium/contract'
import { type FormEvent, useState } from 'react'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { Button } from '../../ui/button.tsx'
import { TextArea, TextField } from '../../ui/field.tsx'
import { Section } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'

interface SetSecretFormProps {
  readonly project: string
  /** The secret that gets a new value; undefined makes one. */
  readonly changing: Secret | undefined
  readonly onDone: () => void
}

/** Sets the value of a secret, the first one or a new version. */
export function SetSecretForm({ project, changing, onDone }: SetSecretFormProps) {
  const [name, setName] = useState(changing?.name ?? '')
  const [value, setValue] = useState('')
  const [description, setDescription] = useState(changing?.description ?? '')
  const [days, setDays] = useState(0)
  const set = useContractMutation(setSecret, {
    invalidates: [listSecrets, getSecret],
    onDone: () => {
      setValue('')
      setName('')
      setDescription('')
      onDone()
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    set.mutate({
      params: { project, secret: name },
      body: { value, description, ...(changing ? { overlapSeconds: days * 86_400 } : {}) },
    })
  }
  return (
    <Section title={changing ? `New value of ${changing.name}` : 'Set a secret'}>
      <form onSubmit={submit} className="stack gap-12" style={{ maxWidth: 420 }}>
        {!changing && (
          <TextField
            label="Name"
            value={name}
            required
            maxLength={63}
            pattern="[A-Za-z0-9][A-Za-z0-9_\-]*"
            title="Letters, digits, underscore and hyphen"
            placeholder="warehouse-password"
            mono
            onChange={(event) => setName(event.target.value)}
          />
        )}
        <HiddenValue value={value} onChange={setValue} />
        <TextField
          label="What it opens"
          value={description}
          maxLength={500}
          placeholder="Reads the warehouse"
          onChange={(event) => setDescription(event.target.value)}
        />
        {changing && (
          <TextField
            label="Keep the value before"
            type="number"
            min={0}
            max={90}
            unit="days"
            value={days}
            help={`For steps that ask for ${changing.name}@previous; 0 removes it at once.`}
            onChange={(event) => setDays(Number(event.target.value))}
          />
        )}
        {set.error && <State kind="bad">{set.error.detail}</State>}
        <div className="row tight">
          <Button type="submit" look="primary" pending={set.isPending}>
            {changing ? `Set new value of ${changing.name}` : 'Set secret'}
          </Button>
          {changing && <Button onClick={onDone}>Keep the value</Button>}
        </div>
      </form>
    </Section>
  )
}

/** A value of one or several lines, which is not shown while it is typed. */
export function HiddenValue({
  value,
  onChange,
}: {
  readonly value: string
  readonly onChange: (value: string) => void
}) {
  return (
    <TextArea
      label="Value"
      value={value}
      required
      minLength={4}
      maxLength={65_536}
      rows={2}
      autoComplete="off"
      spellCheck={false}
      style={{ WebkitTextSecurity: 'disc' } as React.CSSProperties}
      help="It cannot be read again. One line or several; four characters at least."
      onChange={(event) => onChange(event.target.value)}
    />
  )
}

import { getContentPlaces, type PlaceKind, setContentPlace } from '@trivium/contract'
import { type FormEvent, useState } from 'react'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { Button } from '../../ui/button.tsx'
import { CommandBox } from '../../ui/code-example.tsx'
import { SelectField, TextField } from '../../ui/field.tsx'
import { Section } from '../../ui/section.tsx'

const kinds: Readonly<Record<PlaceKind, { label: string; placeholder: string; help: string }>> = {
  s3: {
    label: 'Bucket (S3)',
    placeholder: 'https://s3.eu-central-1.amazonaws.com/our-models/trivium?region=eu-central-1',
    help: 'The bucket exists. The key reads, writes and deletes below the prefix.',
  },
  oci: {
    label: 'Container registry',
    placeholder: 'https://registry.example.org/team/models',
    help: 'Each project gets a repository below it. The registry must allow deletion.',
  },
  http: {
    label: 'Binary repository',
    placeholder: 'https://repo.example.org/repository/raw/models',
    help: 'Nexus raw, Artifactory generic, WebDAV, or any server that takes PUT, GET, HEAD and DELETE.',
  },
  postgres: {
    label: 'Postgres database',
    placeholder: 'postgresql://db.example.org:5432/warehouse',
    help: 'Tables of their own in the schema trivium_content, or another one with ?schema=NAME.',
  },
}
const signIns = [
  { value: 'password', label: 'User and password' },
  { value: 'token', label: 'Token' },
  { value: 'none', label: 'Nothing' },
] as const
type SignIn = (typeof signIns)[number]['value']

/** Chooses a place for what is new; the server tries it first. */
export function ContentPlaceForm({ project, onDone }: { readonly project: string; readonly onDone: () => void }) {
  const [kind, setKind] = useState<PlaceKind>('oci')
  const [address, setAddress] = useState('')
  const [chosen, setSignIn] = useState<SignIn>('password')
  const [username, setUsername] = useState('')
  const [secret, setSecret] = useState('')
  const set = useContractMutation(setContentPlace, { invalidates: [getContentPlaces], onDone })
  // A database knows users and passwords only, a bucket keys.
  const onlyPairs = kind === 'postgres' || kind === 's3'
  const signIn = onlyPairs ? 'password' : chosen
  const submit = (event: FormEvent) => {
    event.preventDefault()
    set.mutate({
      params: { project },
      body: {
        kind,
        address: address.trim(),
        ...(signIn === 'password' ? { username } : {}),
        ...(signIn === 'none' ? {} : { secret }),
      },
    })
  }
  const { placeholder, help } = kinds[kind]
  const option = { password: ` --username ${username || 'NAME'}`, token: ' --token', none: '' }[signIn]
  return (
    <Section title="Choose a place" note="it is tried first: a small content is written, read and removed">
      <form onSubmit={submit} className="stack gap-12" style={{ maxWidth: 520 }}>
        <SelectField
          label="What it is"
          value={kind}
          onChange={(event) => setKind(event.target.value as PlaceKind)}
          options={(Object.keys(kinds) as PlaceKind[]).map((value) => ({ value, label: kinds[value].label }))}
        />
        <TextField
          label="Address"
          value={address}
          required
          mono
          minLength={8}
          maxLength={500}
          placeholder={placeholder}
          help={help}
          onChange={(event) => setAddress(event.target.value)}
        />
        {!onlyPairs && (
          <SelectField
            label="Signs in with"
            value={signIn}
            onChange={(event) => setSignIn(event.target.value as SignIn)}
            options={[...signIns]}
          />
        )}
        {signIn === 'password' && (
          <TextField
            label={kind === 's3' ? 'Access key' : 'User'}
            value={username}
            required
            maxLength={200}
            autoComplete="off"
            onChange={(event) => setUsername(event.target.value)}
          />
        )}
        {signIn !== 'none' && (
          <TextField
            label={kind === 's3' ? 'Secret of the key' : signIn === 'password' ? 'Password' : 'Token'}
            type="password"
            value={secret}
            required
            autoComplete="new-password"
            help="Sealed by the vault; it cannot be read again."
            onChange={(event) => setSecret(event.target.value)}
          />
        )}
        {set.error && (
          <p className="field-error" role="alert">
            {set.error.detail}
          </p>
        )}
        <div className="row tight">
          <Button type="submit" look="primary" pending={set.isPending}>
            Keep what is new there
          </Button>
          <Button onClick={onDone}>Leave it as it is</Button>
        </div>
        <CommandBox
          command={`trivium storage place set --project ${project} --kind ${kind} --address '${address.trim() || placeholder}'${option}`}
        />
      </form>
    </Section>
  )
}

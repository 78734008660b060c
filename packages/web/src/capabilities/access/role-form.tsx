import {
  defineInstanceRole,
  defineRole,
  listHolders,
  listPeople,
  listRoles,
  type Permission,
  permissions,
  type RoleDefinition,
} from '@trivium/contract'
import { type FormEvent, useState } from 'react'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { useSession } from '../../data/session.ts'
import { Button } from '../../ui/button.tsx'
import { Checkbox, SelectField, TextField } from '../../ui/field.tsx'
import { Section } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'

interface RoleFormProps {
  readonly project: string
  /** The role that is changed; undefined makes one. */
  readonly changing: RoleDefinition | undefined
  readonly onDone: () => void
}

/** Makes or changes a role of the project or, for administrators of the instance, of every project. */
export function RoleForm({ project, changing, onDone }: RoleFormProps) {
  const administers = useSession().data?.instanceAdmin === true
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set(changing?.permissions))
  const [name, setName] = useState(changing?.name ?? '')
  const [description, setDescription] = useState(changing?.description ?? '')
  const [everywhere, setEverywhere] = useState(changing?.origin === 'instance')
  const invalidates = [listRoles, listPeople, listHolders]
  const after = () => {
    setName('')
    setDescription('')
    setChosen(new Set())
    onDone()
  }
  const define = useContractMutation(defineRole, { invalidates, onDone: after })
  const defineEverywhere = useContractMutation(defineInstanceRole, { invalidates, onDone: after })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const body = { description, permissions: [...chosen] as Permission[] }
    if (everywhere) defineEverywhere.mutate({ params: { role: name }, body })
    else define.mutate({ params: { project, role: name }, body })
  }
  const error = define.error ?? defineEverywhere.error
  return (
    <Section
      title={changing ? `Change role ${changing.name}` : 'Make a role'}
      note={changing ? 'whoever holds it gains or loses at once' : 'you can put into it what you hold yourself'}
    >
      <form onSubmit={submit} className="stack gap-12">
        <div className="stack gap-12" style={{ maxWidth: 420 }}>
          {!changing && (
            <TextField
              label="Name"
              value={name}
              required
              pattern="[a-z][a-z0-9\-]{1,62}"
              title="Lower-case letters, digits and hyphen"
              placeholder="release-manager"
              onChange={(event) => setName(event.target.value)}
            />
          )}
          {!changing && administers && (
            <SelectField
              label="Can be held in"
              value={everywhere ? 'instance' : 'project'}
              onChange={(event) => setEverywhere(event.target.value === 'instance')}
              options={[
                { value: 'project', label: `project ${project}` },
                { value: 'instance', label: 'every project of the instance' },
              ]}
            />
          )}
          <TextField
            label="What it is for"
            value={description}
            maxLength={500}
            placeholder="Deploys what others approved"
            onChange={(event) => setDescription(event.target.value)}
          />
        </div>
        <fieldset className="permission-grid">
          <legend>Permissions</legend>
          {permissions
            .filter((one) => one !== 'instance:admin')
            .map((one) => (
              <Checkbox
                key={one}
                label={one}
                checked={chosen.has(one)}
                onChange={(event) => {
                  const on = event.target.checked
                  setChosen((before) => new Set(on ? [...before, one] : [...before].filter((other) => other !== one)))
                }}
              />
            ))}
        </fieldset>
        {error && <State kind="bad">{error.detail}</State>}
        <div className="row tight">
          <Button
            type="submit"
            look="primary"
            pending={define.isPending || defineEverywhere.isPending}
            disabled={chosen.size === 0}
          >
            {everywhere ? 'Save role of the instance' : `Save role of ${project}`}
          </Button>
          {changing && <Button onClick={onDone}>Keep it as it is</Button>}
        </div>
      </form>
    </Section>
  )
}

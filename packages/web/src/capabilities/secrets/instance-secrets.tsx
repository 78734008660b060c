import { listInstanceSecrets, listSecrets, removeInstanceSecret, setInstanceSecret } from '@trivium/contract'
import { type FormEvent, useState } from 'react'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { Button } from '../../ui/button.tsx'
import { ConfirmLoss } from '../../ui/confirm-loss.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { TextField } from '../../ui/field.tsx'
import { Section } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'
import { HiddenValue } from './set-secret-form.tsx'

const invalidates = { invalidates: [listInstanceSecrets, listSecrets] }

/** Secrets of the instance, which an administrator shares with projects. */
export function InstanceSecrets() {
  const secrets = useContractQuery(listInstanceSecrets, {})
  const [removing, setRemoving] = useState<string>()
  const remove = useContractMutation(removeInstanceSecret, { ...invalidates, onDone: () => setRemoving(undefined) })
  return (
    <>
      <Section title="Secrets of the instance" note="for administrators; projects use those that are shared with them">
        <QueryView query={secrets} what="the secrets of the instance" permission="instance:admin">
          {(data) =>
            data.secrets.length === 0 ? (
              <p className="t2">There are none.</p>
            ) : (
              <DataTable
                label="Secrets of the instance"
                rows={data.secrets}
                rowKey={(one) => one.name}
                columns={[
                  { id: 'name', head: 'Name', cell: (one) => <span className="m">{one.name}</span> },
                  { id: 'version', head: 'Value', cell: (one) => `v${one.version}` },
                  {
                    id: 'set',
                    head: 'Set',
                    cell: (one) => (
                      <>
                        <Time at={one.setAt} show="age" /> <span className="t2">by {one.setByName}</span>
                      </>
                    ),
                  },
                  { id: 'projects', head: 'Shared with', cell: (one) => one.projects.join(', ') || 'no project' },
                  { id: 'used', head: 'Last used', cell: (one) => <Time at={one.lastUsedAt} show="age" /> },
                  {
                    id: 'act',
                    head: '',
                    align: 'right',
                    cell: (one) => (
                      <Button size="small" look="quiet" onClick={() => setRemoving(one.name)}>
                        Remove
                      </Button>
                    ),
                  },
                ]}
              />
            )
          }
        </QueryView>
        <SetInstanceSecret />
      </Section>
      {removing !== undefined && (
        <ConfirmLoss
          opened
          onClose={() => setRemoving(undefined)}
          title={`Remove secret ${removing} of the instance for ever?`}
          action={`Remove ${removing}`}
          pending={remove.isPending}
          error={remove.error?.detail}
          onConfirm={() => remove.mutate({ params: { secret: removing }, query: {} })}
        >
          Its value cannot be brought back. While pipelines name it, it stays.
        </ConfirmLoss>
      )}
    </>
  )
}

function SetInstanceSecret() {
  const [name, setName] = useState('')
  const [value, setValue] = useState('')
  const [projects, setProjects] = useState('')
  const set = useContractMutation(setInstanceSecret, {
    ...invalidates,
    onDone: () => {
      setName('')
      setValue('')
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const list = projects.split(',').map((one) => one.trim())
    set.mutate({ params: { secret: name }, body: { value, projects: list.filter((one) => one !== '') } })
  }
  return (
    <form onSubmit={submit} className="stack gap-12 mt-8" style={{ maxWidth: 420 }}>
      <TextField
        label="Name of the instance's secret"
        value={name}
        required
        mono
        maxLength={63}
        onChange={(event) => setName(event.target.value)}
      />
      <HiddenValue value={value} onChange={setValue} />
      <TextField
        label="Shared with projects"
        value={projects}
        placeholder="forecasting, pricing"
        help="Separated by commas; these and no others."
        onChange={(event) => setProjects(event.target.value)}
      />
      {set.error && <State kind="bad">{set.error.detail}</State>}
      <div>
        <Button type="submit" pending={set.isPending}>
          Set secret of the instance
        </Button>
      </div>
    </form>
  )
}

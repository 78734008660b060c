import {
  addPerson,
  createLoginLink,
  listPeople,
  listRoles,
  type Person as PersonRecord,
  removeRole,
} from '@trivium/contract'
import { type FormEvent, useState } from 'react'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { Button } from '../../ui/button.tsx'
import { CommandBox } from '../../ui/code-example.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { Person } from '../../ui/person.tsx'
import { Note, Section } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'
import { reasonWords } from './reason-words.ts'

interface RoleRow {
  readonly person: PersonRecord
  readonly role: string | undefined
}

/** One row for each role; an administrator of the instance may hold none. */
function rowsOf(people: readonly PersonRecord[]): RoleRow[] {
  return people.flatMap((person): RoleRow[] =>
    person.roles.length === 0 ? [{ person, role: undefined }] : person.roles.map(({ role }) => ({ person, role })),
  )
}

/** Who holds which role, and a form to add somebody. */
export function PeoplePanel({ project }: { readonly project: string }) {
  const people = useContractQuery(listPeople, { params: { project } })
  const remove = useContractMutation(removeRole, { invalidates: [listPeople] })
  const link = useContractMutation(createLoginLink)
  return (
    <>
      <Section title="People and service accounts">
        <QueryView query={people} what="the people" permission="project:read">
          {(data) => (
            <DataTable
              label="People"
              rows={rowsOf(data.people)}
              rowKey={(row) => `${row.person.id}/${row.role ?? ''}`}
              columns={[
                {
                  id: 'name',
                  head: 'Name',
                  cell: (row) => (
                    <Person name={row.person.name} id={row.person.id} service={row.person.kind === 'service'} />
                  ),
                },
                {
                  id: 'kind',
                  head: 'Kind',
                  cell: (row) => (
                    <span className="t2">{row.person.kind === 'service' ? 'service account' : 'person'}</span>
                  ),
                },
                {
                  id: 'role',
                  head: 'Role',
                  cell: (row) => row.role ?? <span className="t2">none given here</span>,
                },
                {
                  id: 'does',
                  cut: true,
                  head: 'Because',
                  cell: (row) => {
                    const because = row.person.reasons.map(reasonWords).join('; ')
                    return (
                      <span className="t2" title={because}>
                        {because}
                      </span>
                    )
                  },
                },
                {
                  id: 'since',
                  head: 'Account since',
                  align: 'right',
                  cell: (row) => <Time at={row.person.createdAt} show="day" />,
                },
                {
                  id: 'act',
                  head: '',
                  align: 'right',
                  cell: (row) => (
                    <span className="row">
                      {row.person.kind === 'person' && (
                        <Button
                          size="small"
                          look="quiet"
                          onClick={() => link.mutate({ body: { name: row.person.name } })}
                        >
                          Make login link
                        </Button>
                      )}
                      {row.role && (
                        <Button
                          size="small"
                          look="quiet"
                          onClick={() =>
                            remove.mutate({ params: { project, name: row.person.name, role: row.role ?? '' } })
                          }
                        >
                          Take role away
                        </Button>
                      )}
                    </span>
                  ),
                },
              ]}
            />
          )}
        </QueryView>
        {(remove.error ?? link.error) && <State kind="bad">{(remove.error ?? link.error)?.detail}</State>}
        {link.data && (
          <Note>
            <p>One-time login link, good for five minutes. Send it to whom it is for.</p>
            <CommandBox command={`${window.location.origin}${link.data.path}`} />
          </Note>
        )}
      </Section>
      <AddPerson project={project} />
    </>
  )
}

function AddPerson({ project }: { readonly project: string }) {
  const [name, setName] = useState('')
  const [kind, setKind] = useState<'person' | 'service'>('person')
  const [role, setRole] = useState('contributor')
  const roles = useContractQuery(listRoles, { params: { project } })
  const add = useContractMutation(addPerson, { invalidates: [listPeople], onDone: () => setName('') })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    add.mutate({ params: { project }, body: { name, kind, role } })
  }
  return (
    <Section title="Add somebody">
      <form onSubmit={submit} className="stack gap-12" style={{ maxWidth: 420 }}>
        <label className="field">
          <span>Name</span>
          <input
            className="inp"
            value={name}
            required
            pattern="[a-z0-9][a-z0-9._-]{0,62}"
            onChange={(event) => setName(event.target.value)}
          />
          <span className="field-help">
            Lower-case letters, digits, dot, underscore, hyphen. An existing account gets the role.
          </span>
        </label>
        <label className="field">
          <span>Kind</span>
          <select className="inp" value={kind} onChange={(event) => setKind(event.target.value as typeof kind)}>
            <option value="person">person</option>
            <option value="service">service account</option>
          </select>
        </label>
        <label className="field">
          <span>Role</span>
          <select className="inp" value={role} onChange={(event) => setRole(event.target.value)}>
            {roles.data?.roles.map((one) => (
              <option key={one.name} value={one.name}>
                {one.description ? `${one.name}: ${one.description}` : one.name}
              </option>
            ))}
          </select>
        </label>
        {add.error && <State kind="bad">{add.error.detail}</State>}
        <div>
          <Button type="submit" look="primary" pending={add.isPending}>
            Add to {project}
          </Button>
        </div>
      </form>
    </Section>
  )
}

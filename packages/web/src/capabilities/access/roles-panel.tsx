import { defineRole, deleteRole, listPeople, listRoles, type Permission, permissions } from '@trivium/contract'
import { type FormEvent, useState } from 'react'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { Button } from '../../ui/button.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { Checkbox } from '../../ui/field.tsx'
import { Section } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'
import { BreakGlassSection } from './break-glass-section.tsx'
import { SeparationSection } from './separation-section.tsx'

const words = { program: 'part of Trivium', instance: 'of the instance', project: 'of this project' } as const

/** Roles that can be given here, a form to make one, what is kept apart, and who took an administrator's permissions. */
export function RolesPanel({ project }: { readonly project: string }) {
  const roles = useContractQuery(listRoles, { params: { project } })
  const remove = useContractMutation(deleteRole, { invalidates: [listRoles, listPeople] })
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const [name, setName] = useState('')
  const define = useContractMutation(defineRole, {
    invalidates: [listRoles, listPeople],
    onDone: () => {
      setName('')
      setChosen(new Set())
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    define.mutate({ params: { project, role: name }, body: { permissions: [...chosen] as Permission[] } })
  }
  return (
    <>
      <Section title="Roles" note="a role is a name for permissions; whoever holds several has all of theirs">
        <QueryView query={roles} what="the roles" permission="project:read">
          {(data) => (
            <DataTable
              label="Roles"
              rows={data.roles}
              rowKey={(role) => role.name}
              columns={[
                { id: 'name', head: 'Role', cell: (role) => role.name },
                { id: 'origin', head: 'From', cell: (role) => <span className="t2">{words[role.origin]}</span> },
                { id: 'holders', head: 'Held by', align: 'right', cell: (role) => role.holders },
                {
                  id: 'permissions',
                  head: 'Permissions',
                  cut: true,
                  cell: (role) => (
                    <span className="t2" title={role.permissions.join(', ')}>
                      {role.permissions.length} of {permissions.length}
                      {role.description ? `: ${role.description}` : `: ${role.permissions.join(', ')}`}
                    </span>
                  ),
                },
                {
                  id: 'act',
                  head: '',
                  align: 'right',
                  cell: (role) =>
                    role.origin === 'project' && (
                      <span className="row">
                        <Button
                          size="small"
                          look="quiet"
                          onClick={() => {
                            setName(role.name)
                            setChosen(new Set(role.permissions))
                          }}
                        >
                          Change
                        </Button>
                        <Button
                          size="small"
                          look="quiet"
                          onClick={() => remove.mutate({ params: { project, role: role.name } })}
                        >
                          Remove
                        </Button>
                      </span>
                    ),
                },
              ]}
            />
          )}
        </QueryView>
        {remove.error && <State kind="bad">{remove.error.detail}</State>}
      </Section>
      <Section title="Make or change a role" note="you can put into it what you hold yourself">
        <form onSubmit={submit} className="stack gap-12">
          <label className="field" style={{ maxWidth: 420 }}>
            <span>Name</span>
            <input
              className="inp"
              value={name}
              required
              pattern="[a-z][a-z0-9-]{1,62}"
              onChange={(event) => setName(event.target.value)}
            />
          </label>
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
          {define.error && <State kind="bad">{define.error.detail}</State>}
          <div>
            <Button type="submit" look="primary" pending={define.isPending} disabled={chosen.size === 0}>
              Save role of {project}
            </Button>
          </div>
        </form>
      </Section>
      <SeparationSection project={project} />
      <BreakGlassSection project={project} />
    </>
  )
}

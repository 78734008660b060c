import {
  deleteInstanceRole,
  deleteRole,
  listHolders,
  listPeople,
  listRoles,
  permissions,
  type RoleDefinition,
} from '@trivium/contract'
import { useState } from 'react'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { useSession } from '../../data/session.ts'
import { Button } from '../../ui/button.tsx'
import { ConfirmLoss } from '../../ui/confirm-loss.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { formatPlural } from '../../ui/format-number.ts'
import { Section } from '../../ui/section.tsx'
import { BreakGlassSection } from './break-glass-section.tsx'
import { RoleForm } from './role-form.tsx'
import { SeparationSection } from './separation-section.tsx'

const words = { program: 'part of Trivium', instance: 'of the instance', project: 'of this project' } as const

/** Roles that can be given here, a form to make one, what is kept apart, and who took an administrator's permissions. */
export function RolesPanel({ project }: { readonly project: string }) {
  const roles = useContractQuery(listRoles, { params: { project } })
  const administers = useSession().data?.instanceAdmin === true
  const [changing, setChanging] = useState<RoleDefinition>()
  const [removing, setRemoving] = useState<RoleDefinition>()
  const mayChange = ({ origin }: RoleDefinition) => origin === 'project' || (origin === 'instance' && administers)
  return (
    <>
      <Section title="Roles" note="a role is a name for permissions; whoever holds several has all of theirs">
        <QueryView query={roles} what="the roles" permission="project:read">
          {(data) => (
            <DataTable
              label="Roles"
              rows={data.roles}
              rowKey={(role) => role.name}
              tone={(role) => (role.name === changing?.name ? 'selected' : undefined)}
              columns={[
                { id: 'name', head: 'Role', cell: (role) => <span className="m">{role.name}</span> },
                { id: 'origin', head: 'From', cell: (role) => <span className="t2">{words[role.origin]}</span> },
                { id: 'holders', head: 'Held by', align: 'right', cell: (role) => role.holders },
                {
                  id: 'count',
                  head: 'Permissions',
                  unit: `of ${permissions.length}`,
                  align: 'right',
                  cell: (role) => role.permissions.length,
                },
                {
                  id: 'permissions',
                  head: 'What for',
                  cut: true,
                  cell: (role) => (
                    <span className="t2" title={role.permissions.join(', ')}>
                      {role.description || role.permissions.join(', ')}
                    </span>
                  ),
                },
                {
                  id: 'act',
                  head: '',
                  align: 'right',
                  cell: (role) =>
                    mayChange(role) && (
                      <span className="row end">
                        <Button size="small" look="quiet" onClick={() => setChanging(role)}>
                          Change
                        </Button>
                        <Button size="small" look="quiet" onClick={() => setRemoving(role)}>
                          Remove
                        </Button>
                      </span>
                    ),
                },
              ]}
            />
          )}
        </QueryView>
      </Section>
      <RoleForm
        key={changing?.name ?? ''}
        project={project}
        changing={changing}
        onDone={() => setChanging(undefined)}
      />
      <SeparationSection project={project} />
      <BreakGlassSection project={project} />
      {removing && <RemoveRole project={project} role={removing} onClose={() => setRemoving(undefined)} />}
    </>
  )
}

function RemoveRole({
  project,
  role: { name, origin, holders },
  onClose,
}: {
  readonly project: string
  readonly role: RoleDefinition
  readonly onClose: () => void
}) {
  const invalidates = [listRoles, listPeople, listHolders]
  const remove = useContractMutation(deleteRole, { invalidates, onDone: onClose })
  const removeEverywhere = useContractMutation(deleteInstanceRole, { invalidates, onDone: onClose })
  const ofInstance = origin === 'instance'
  return (
    <ConfirmLoss
      opened
      onClose={onClose}
      title={`Remove role ${name}${ofInstance ? ' from every project' : ''}?`}
      action={`Remove ${name}`}
      pending={remove.isPending || removeEverywhere.isPending}
      error={(remove.error ?? removeEverywhere.error)?.detail}
      onConfirm={() =>
        ofInstance
          ? removeEverywhere.mutate({ params: { role: name } })
          : remove.mutate({ params: { project, role: name } })
      }
    >
      {holders === 0
        ? `Nobody holds it in ${project}.`
        : `${formatPlural(holders, 'holder loses', 'holders lose')} it in ${project} at once.`}
      {ofInstance && ' Whoever holds it in other projects loses it there too.'}
    </ConfirmLoss>
  )
}

import {
  addGroupMember,
  deleteGroup,
  grantGroupRole,
  type Group,
  listGroups,
  listPeople,
  listProjectGroups,
  listRoles,
  putGroup,
  removeGroupMember,
  removeGroupRole,
} from '@trivium/contract'
import { type FormEvent, useState } from 'react'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { useSession } from '../../data/session.ts'
import { Button } from '../../ui/button.tsx'
import { ConfirmLoss } from '../../ui/confirm-loss.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { SelectField, TextField } from '../../ui/field.tsx'
import { formatPlural } from '../../ui/format-number.ts'
import { Section } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'

const touched = [listProjectGroups, listGroups, listPeople, listRoles]

/** Groups that hold a role here, and for administrators of the instance who is in them. */
export function GroupsPanel({ project }: { readonly project: string }) {
  const groups = useContractQuery(listProjectGroups, { params: { project } })
  const take = useContractMutation(removeGroupRole, { invalidates: touched })
  const administers = useSession().data?.instanceAdmin === true
  return (
    <>
      <Section title="Groups with a role here" note="every member holds it">
        <QueryView query={groups} what="the groups" permission="project:read">
          {(data) =>
            data.groups.length === 0 ? (
              <p className="t2">No group holds a role in this project.</p>
            ) : (
              <DataTable
                label="Groups"
                rows={data.groups.flatMap((group) => group.roles.map(({ role }) => ({ group, role })))}
                rowKey={({ group, role }) => `${group.name}/${role}`}
                columns={[
                  { id: 'name', head: 'Group', cell: ({ group }) => group.name },
                  { id: 'role', head: 'Role', cell: ({ role }) => role },
                  {
                    id: 'members',
                    head: 'Members',
                    cut: true,
                    cell: ({ group }) => (
                      <span className="t2">{group.members.map(({ name }) => name).join(', ') || 'nobody yet'}</span>
                    ),
                  },
                  {
                    id: 'act',
                    head: '',
                    align: 'right',
                    cell: ({ group, role }) => (
                      <Button
                        size="small"
                        look="quiet"
                        onClick={() => take.mutate({ params: { project, group: group.name, role } })}
                      >
                        Take role away
                      </Button>
                    ),
                  },
                ]}
              />
            )
          }
        </QueryView>
        {take.error && <State kind="bad">{take.error.detail}</State>}
      </Section>
      <GiveRole project={project} />
      {administers && <AllGroups />}
    </>
  )
}

function GiveRole({ project }: { readonly project: string }) {
  const roles = useContractQuery(listRoles, { params: { project } })
  const [group, setGroup] = useState('')
  const [role, setRole] = useState('contributor')
  const grant = useContractMutation(grantGroupRole, { invalidates: touched, onDone: () => setGroup('') })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    grant.mutate({ params: { project, group, role } })
  }
  return (
    <Section title="Give a group a role">
      <form onSubmit={submit} className="stack gap-12" style={{ maxWidth: 420 }}>
        <TextField
          label="Group"
          value={group}
          required
          help="As an administrator of the instance named it."
          onChange={(event) => setGroup(event.target.value)}
        />
        <SelectField
          label="Role"
          value={role}
          onChange={(event) => setRole(event.target.value)}
          options={(roles.data?.roles ?? []).map((one) => ({ value: one.name, label: one.name }))}
        />
        {grant.error && <State kind="bad">{grant.error.detail}</State>}
        <div>
          <Button type="submit" look="primary" pending={grant.isPending}>
            Give role in {project}
          </Button>
        </div>
      </form>
    </Section>
  )
}

interface MemberRow {
  readonly group: Group
  readonly member: string | undefined
  readonly source: string | null
  /** Only the first row of a group names it. */
  readonly first: boolean
}

const memberRows = (groups: readonly Group[]): MemberRow[] =>
  groups.flatMap((group): MemberRow[] =>
    group.members.length === 0
      ? [{ group, member: undefined, source: null, first: true }]
      : group.members.map(({ name, source }, index) => ({ group, member: name, source, first: index === 0 })),
  )

function AllGroups() {
  const groups = useContractQuery(listGroups, {})
  const add = useContractMutation(addGroupMember, { invalidates: touched, onDone: () => setMember('') })
  const remove = useContractMutation(removeGroupMember, { invalidates: touched })
  const [group, setGroup] = useState('')
  const [member, setMember] = useState('')
  const [deleting, setDeleting] = useState<Group>()
  const make = useContractMutation(putGroup, {
    invalidates: touched,
    onDone: () => {
      if (member) add.mutate({ params: { group, name: member } })
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    make.mutate({ params: { group }, body: {} })
  }
  const error = make.error ?? add.error ?? remove.error
  return (
    <Section title="All groups of the instance" note="what an identity provider says comes and goes with each sign-in">
      <QueryView query={groups} what="the groups" permission="instance:admin">
        {(data) =>
          data.groups.length === 0 ? (
            <p className="t2">There is no group yet.</p>
          ) : (
            <DataTable
              label="All groups"
              rows={memberRows(data.groups)}
              rowKey={(row) => `${row.group.name}/${row.member ?? ''}/${row.source ?? ''}`}
              columns={[
                {
                  id: 'group',
                  head: 'Group',
                  cell: (row) =>
                    row.first ? (
                      <span>
                        <span className="m">{row.group.name}</span>{' '}
                        <span className="t3">{formatPlural(row.group.members.length, 'member')}</span>
                      </span>
                    ) : (
                      <span className="sr-only">{row.group.name}</span>
                    ),
                },
                { id: 'member', head: 'Member', cell: (row) => row.member ?? <span className="t2">nobody yet</span> },
                {
                  id: 'source',
                  head: 'Because',
                  cell: (row) => (
                    <span className="t2">{row.source ?? (row.member ? 'put there by an administrator' : '')}</span>
                  ),
                },
                {
                  id: 'act',
                  head: '',
                  align: 'right',
                  cell: (row) => (
                    <span className="row end">
                      {row.member !== undefined && row.source === null && (
                        <Button
                          size="small"
                          look="quiet"
                          onClick={() => remove.mutate({ params: { group: row.group.name, name: row.member ?? '' } })}
                        >
                          Take out
                        </Button>
                      )}
                      {row.first && (
                        <Button size="small" look="quiet" onClick={() => setDeleting(row.group)}>
                          Remove group
                        </Button>
                      )}
                    </span>
                  ),
                },
              ]}
            />
          )
        }
      </QueryView>
      <form onSubmit={submit} className="stack gap-12 mt-16" style={{ maxWidth: 420 }}>
        <TextField
          label="Name of a group"
          value={group}
          required
          help="It is made when there is none of this name."
          onChange={(event) => setGroup(event.target.value)}
        />
        <TextField
          label="Put somebody into it"
          value={member}
          placeholder="anna"
          onChange={(event) => setMember(event.target.value)}
        />
        {error && <State kind="bad">{error.detail}</State>}
        <div>
          <Button type="submit" pending={make.isPending || add.isPending}>
            Save group
          </Button>
        </div>
      </form>
      {deleting && <RemoveGroup group={deleting} onClose={() => setDeleting(undefined)} />}
    </Section>
  )
}

function RemoveGroup({ group: { name, members }, onClose }: { readonly group: Group; readonly onClose: () => void }) {
  const remove = useContractMutation(deleteGroup, { invalidates: touched, onDone: onClose })
  return (
    <ConfirmLoss
      opened
      onClose={onClose}
      title={`Remove group ${name}?`}
      action={`Remove ${name}`}
      pending={remove.isPending}
      error={remove.error?.detail}
      onConfirm={() => remove.mutate({ params: { group: name } })}
    >
      {members.length === 0
        ? 'Nobody is in it.'
        : `${formatPlural(members.length, 'member loses', 'members lose')} the roles of the group in every project at once. Their accounts stay.`}
    </ConfirmLoss>
  )
}

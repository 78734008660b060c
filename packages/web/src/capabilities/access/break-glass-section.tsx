import { getSession, listBreakGlass, startBreakGlass } from '@trivium/contract'
import { type FormEvent, useState } from 'react'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { useSession } from '../../data/session.ts'
import { Button } from '../../ui/button.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { Person } from '../../ui/person.tsx'
import { Section } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'

/** Who took an administrator's permissions, and the form to take them for whoever may. */
export function BreakGlassSection({ project }: { readonly project: string }) {
  const found = useContractQuery(listBreakGlass, { params: { project } })
  const session = useSession().data
  const held = session?.projects.find((one) => one.name === project)?.permissions ?? []
  const may = held.includes('access:break-glass') && !held.includes('project:admin')
  return (
    <Section title="Break-glass" note="an administrator's permissions for a short time, with a reason and an alarm">
      <QueryView query={found} what="the record" permission="project:read">
        {(data) =>
          data.breakGlass.length === 0 ? (
            <p className="t2">Nobody ever did.</p>
          ) : (
            <DataTable
              label="Break-glass"
              rows={data.breakGlass}
              rowKey={(one) => one.id}
              tone={(one) => (one.active ? undefined : 'faint')}
              columns={[
                { id: 'who', head: 'Who', cell: (one) => <Person name={one.principalName} id={one.principal} /> },
                {
                  id: 'state',
                  head: 'State',
                  cell: (one) => (one.active ? <State kind="warn">runs</State> : <State kind="idle">over</State>),
                },
                { id: 'reason', head: 'Reason', cut: true, cell: (one) => one.reason },
                { id: 'from', head: 'From', align: 'right', cell: (one) => <Time at={one.startedAt} /> },
                { id: 'to', head: 'To', align: 'right', cell: (one) => <Time at={one.endsAt} /> },
              ]}
            />
          )
        }
      </QueryView>
      {may && <Start project={project} />}
    </Section>
  )
}

function Start({ project }: { readonly project: string }) {
  const [reason, setReason] = useState('')
  const [minutes, setMinutes] = useState(60)
  const start = useContractMutation(startBreakGlass, {
    invalidates: [listBreakGlass, getSession],
    onDone: () => setReason(''),
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    start.mutate({ params: { project }, body: { reason, minutes } })
  }
  return (
    <form onSubmit={submit} className="stack gap-12 mt-12" style={{ maxWidth: 420 }}>
      <label className="field">
        <span>Reason</span>
        <input
          className="inp"
          value={reason}
          required
          minLength={10}
          maxLength={1000}
          onChange={(event) => setReason(event.target.value)}
        />
        <span className="field-help">The administrators of the project read it at once.</span>
      </label>
      <label className="field">
        <span>Minutes</span>
        <input
          className="inp"
          type="number"
          min={1}
          max={480}
          value={minutes}
          onChange={(event) => setMinutes(Number(event.target.value))}
        />
      </label>
      {start.error && <State kind="bad">{start.error.detail}</State>}
      <div>
        <Button type="submit" pending={start.isPending}>
          Take an administrator's permissions
        </Button>
      </div>
    </form>
  )
}

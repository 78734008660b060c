import { endBreakGlass, getSession, listBreakGlass, listRoles } from '@trivium/contract'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { useContractQuery } from '../../data/contract-query.ts'
import { Button } from '../../ui/button.tsx'
import { Person } from '../../ui/person.tsx'
import { State } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'

/** On every page while somebody holds an administrator's permissions by break-glass: who, why, until when. */
export function BreakGlassBanner({ project }: { readonly project: string }) {
  const found = useContractQuery(listBreakGlass, { params: { project } }, { refetchInterval: 30_000 })
  const end = useContractMutation(endBreakGlass, { invalidates: [listBreakGlass, listRoles, getSession] })
  const active = found.data?.breakGlass.filter((one) => one.active) ?? []
  if (active.length === 0) return null
  return (
    <div className="break-glass" role="status">
      {active.map((one) => (
        <div key={one.id} className="row">
          <State kind="warn">
            <Person name={one.principalName} id={one.principal} /> {' may do everything here until '}
            <Time at={one.endsAt} show="auto" />
          </State>
          <span className="t2">{one.reason}</span>
          <Button size="small" look="quiet" onClick={() => end.mutate({ params: { project, id: one.id } })}>
            End it
          </Button>
        </div>
      ))}
      {end.error && <State kind="bad">{end.error.detail}</State>}
    </div>
  )
}

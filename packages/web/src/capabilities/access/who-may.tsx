import { Popover } from '@mantine/core'
import { listHolders, type Permission } from '@trivium/contract'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { Button } from '../../ui/button.tsx'
import { Person } from '../../ui/person.tsx'
import { actionsOn, reasonWords } from './reason-words.ts'

/** "Who may": for the main actions on a kind of thing, who can do them and why. Nothing for kinds that nobody acts on. */
export function WhoMay({ kind, project }: { readonly kind: string; readonly project: string }) {
  const actions = actionsOn[kind]
  if (!actions) return null
  return (
    <Popover position="bottom-end" shadow="md" withinPortal trapFocus width={360}>
      <Popover.Target>
        <Button look="quiet" title="Who may do this, and why">
          Who may
        </Button>
      </Popover.Target>
      <Popover.Dropdown className="pop who-may" aria-label="Who may do this, and why">
        {actions.map(({ does, permission }) => (
          <Holders key={permission} does={does} permission={permission as Permission} project={project} />
        ))}
      </Popover.Dropdown>
    </Popover>
  )
}

function Holders({
  does,
  permission,
  project,
}: {
  readonly does: string
  readonly permission: Permission
  readonly project: string
}) {
  const holders = useContractQuery(listHolders, { params: { project }, query: { permission } })
  return (
    <section>
      <h3>
        Who may {does} <span className="m t3">{permission}</span>
      </h3>
      <QueryView query={holders} what="the people" permission="project:read">
        {(data) =>
          data.holders.length === 0 ? (
            <p className="t2">Nobody.</p>
          ) : (
            <>
              <ul>
                {data.holders.map((one) => (
                  <li key={one.id}>
                    <Person name={one.name} id={one.id} service={one.kind === 'service'} />{' '}
                    <span className="t2">{one.reasons.map(reasonWords).join('; ')}</span>
                  </li>
                ))}
              </ul>
              {!data.you && <p className="t2">You may not; an administrator of the project can give it.</p>}
            </>
          )
        }
      </QueryView>
    </section>
  )
}

import { getSeparation, type Permission, permissions, setSeparation } from '@trivium/contract'
import { type FormEvent, useState } from 'react'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { Button } from '../../ui/button.tsx'
import { Section } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'

/** Pairs of permissions that nobody is given together. */
export function SeparationSection({ project }: { readonly project: string }) {
  const found = useContractQuery(getSeparation, { params: { project } })
  const set = useContractMutation(setSeparation, { invalidates: [getSeparation] })
  const [first, setFirst] = useState<Permission>('pipeline:write')
  const [second, setSecond] = useState<Permission>('inbox:decide')
  const rules = found.data?.rules ?? []
  const add = (event: FormEvent) => {
    event.preventDefault()
    set.mutate({ params: { project }, body: { rules: [...rules, { first, second }] } })
  }
  return (
    <Section
      title="Kept apart"
      note="nobody is given both; administrators are outside of it; nobody ever decides about his own work"
    >
      <QueryView query={found} what="the rules" permission="project:read">
        {(data) => (
          <div className="stack gap-8">
            {data.rules.length === 0 && <p className="t2">No rule yet.</p>}
            {data.rules.map((rule) => (
              <div key={`${rule.first} ${rule.second}`} className="row">
                <span>
                  <span className="m">{rule.first}</span> and <span className="m">{rule.second}</span>
                </span>
                <Button
                  size="small"
                  look="quiet"
                  onClick={() =>
                    set.mutate({ params: { project }, body: { rules: rules.filter((one) => one !== rule) } })
                  }
                >
                  Take rule away
                </Button>
              </div>
            ))}
            {data.broken.map((one) => (
              <State key={`${one.name} ${one.first} ${one.second}`} kind="warn">
                {one.name} held both {one.first} and {one.second} before the rule
              </State>
            ))}
          </div>
        )}
      </QueryView>
      <form onSubmit={add} className="row mt-12">
        <select
          className="inp"
          aria-label="First permission"
          value={first}
          onChange={(event) => setFirst(event.target.value as Permission)}
        >
          {permissions.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
        <select
          className="inp"
          aria-label="Second permission"
          value={second}
          onChange={(event) => setSecond(event.target.value as Permission)}
        >
          {permissions.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
        <Button type="submit" pending={set.isPending}>
          Keep apart
        </Button>
      </form>
      {set.error && <State kind="bad">{set.error.detail}</State>}
    </Section>
  )
}

import { findAccount, findSubject } from '@trivium/contract'
import { type FormEvent, useState } from 'react'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { Button } from '../../ui/button.tsx'
import { SelectField, TextField } from '../../ui/field.tsx'
import { Section } from '../../ui/section.tsx'
import { FoundPerson } from './found-person.tsx'

/** Whose rows: of this project, or the user of the instance. */
export type PersonPlace = 'project' | 'account'

/** Whom somebody asked about. */
interface Whom {
  readonly subject: string
  readonly names: string[]
  readonly place: PersonPlace
}

/** Looks one person up. His id is kept out of the address of the page, which browsers and logs remember. */
export function FindPerson({ project, accounts }: { readonly project: string; readonly accounts: boolean }) {
  const [subject, setSubject] = useState('')
  const [others, setOthers] = useState('')
  const [place, setPlace] = useState<PersonPlace>('project')
  const [asked, setAsked] = useState<Whom>()
  const inProject = useContractMutation(findSubject)
  const ofInstance = useContractMutation(findAccount)
  const look = (whom: Whom) => {
    setAsked(whom)
    const { subject: id, names } = whom
    if (whom.place === 'account') ofInstance.mutate({ body: { subject: id } })
    else inProject.mutate({ params: { project }, body: { subject: id, names } })
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const names = others.split(/[,\n]/).map((one) => one.trim())
    look({ subject: subject.trim(), names: names.filter((one) => one !== '').slice(0, 20), place })
  }
  const query = asked?.place === 'account' ? ofInstance : inProject
  return (
    <Section title="Find a person" note="what is held about a person, and which models may have learned from it">
      <form onSubmit={submit} className="stack gap-12" style={{ maxWidth: 420 }}>
        {accounts && (
          <SelectField
            label="Where"
            value={place}
            options={[
              { value: 'project', label: 'Rows of this project' },
              { value: 'account', label: 'Users of this instance' },
            ]}
            onChange={(event) => setPlace(event.target.value as PersonPlace)}
          />
        )}
        <TextField
          label={place === 'account' ? 'Name, id or mail address' : 'Id of the person'}
          help={
            place === 'account'
              ? 'As People lists him, or as an invitation was addressed.'
              : 'As the column says it that tells whose row it is.'
          }
          value={subject}
          required
          maxLength={500}
          autoComplete="off"
          onChange={(event) => setSubject(event.target.value)}
        />
        {place === 'project' && (
          <TextField
            label="Also called"
            help="Names and mail addresses, with commas between: texts are searched for them too."
            value={others}
            maxLength={2000}
            autoComplete="off"
            onChange={(event) => setOthers(event.target.value)}
          />
        )}
        <div>
          <Button type="submit" pending={query.isPending}>
            Find the person
          </Button>
        </div>
      </form>
      {query.error && (
        <p className="field-error mt-12" role="alert">
          {query.error.detail}
        </p>
      )}
      {asked && query.data && !query.isPending && (
        <FoundPerson project={project} {...asked} report={query.data} onErased={() => look(asked)} />
      )}
    </Section>
  )
}

import { usePermission } from '../../data/session.ts'
import { ErasuresSection } from './erasures-section.tsx'
import { FindPerson } from './find-person.tsx'

/** Requests of people: what is held of them, as a file, and erased; and the record of past erasures. */
export function PersonalDataPanel({ project }: { readonly project: string }) {
  const mayFind = usePermission(project, 'subject:read')
  const isAdministrator = usePermission(project, 'instance:admin')
  return (
    <>
      {mayFind !== false && <FindPerson project={project} accounts={isAdministrator === true} />}
      <ErasuresSection project={project} />
    </>
  )
}

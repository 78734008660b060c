import { AppLink } from '../../ui/app-link.tsx'
import { PageHeader } from '../../ui/page-header.tsx'

/** What stands where an address names an experiment that is not there. */
export function NoExperiment({ project, name }: { readonly project: string; readonly name: string }) {
  return (
    <>
      <PageHeader kind="experiment" title={name} />
      <p className="t2 mt-16">
        There is no experiment “{name}” in this project. It may have been renamed:{' '}
        <AppLink className="link" href={`/p/${encodeURIComponent(project)}/experiments`}>
          see those that there are
        </AppLink>
        .
      </p>
    </>
  )
}

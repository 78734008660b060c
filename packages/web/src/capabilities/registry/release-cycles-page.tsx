import { usePageParams } from '../../shell/use-page-params.ts'
import { PageHeader } from '../../ui/page-header.tsx'
import { ReleaseCycles } from './release-cycles.tsx'

/** How long versions of the project take from registration to replacement, and what waits. */
export function Page() {
  const { project } = usePageParams()
  return (
    <>
      <PageHeader title="Release cycles" />
      <ReleaseCycles project={project} />
    </>
  )
}

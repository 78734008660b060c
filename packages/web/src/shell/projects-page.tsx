import { useSession } from '../data/session.ts'
import { QueryView } from '../data/query-view.tsx'
import { AppLink } from '../ui/app-link.tsx'
import { DataTable } from '../ui/data-table.tsx'
import { formatPlural } from '../ui/format-number.ts'
import { PageHeader } from '../ui/page-header.tsx'
import { Empty } from '../ui/page-states.tsx'
import { Sign } from './project-switcher.tsx'

/** All projects that the reader may see. */
export function ProjectsPage() {
  const session = useSession()
  return (
    <main className="alone" id="content">
      <div className="alone-body" style={{ paddingTop: '8vh' }}>
        <Sign size={28} />
        <div className="mt-16">
          <PageHeader title="Projects" note={session.data && formatPlural(session.data.projects.length, 'project')} />
        </div>
        <QueryView query={session} what="your projects">
          {({ projects }) =>
            projects.length === 0 ? (
              <Empty title="No project yet">
                You are in no project. An administrator of one can add you under Settings, People.
              </Empty>
            ) : (
              <DataTable
                label="Projects"
                rows={projects}
                rowKey={(project) => project.name}
                rowHref={(project) => `/p/${encodeURIComponent(project.name)}`}
                columns={[
                  {
                    id: 'name',
                    head: 'Project',
                    sortBy: (project) => project.name,
                    cell: (project) => (
                      <AppLink className="m" href={`/p/${encodeURIComponent(project.name)}`}>
                        {project.name}
                      </AppLink>
                    ),
                  },
                  { id: 'title', head: 'About', cell: (project) => <span className="t2">{project.title}</span> },
                  {
                    id: 'may',
                    head: 'You may',
                    cell: (project) => <span className="t2">{may(project.permissions)}</span>,
                  },
                ]}
              />
            )
          }
        </QueryView>
      </div>
    </main>
  )
}

/** What the permissions come to, in words. */
function may(permissions: readonly string[]): string {
  if (permissions.includes('project:admin')) return 'administer'
  if (permissions.includes('deployment:write')) return 'deploy and change'
  if (permissions.includes('run:write')) return 'contribute'
  return permissions.includes('inbox:decide') ? 'decide' : 'read'
}

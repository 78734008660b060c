import { useRouterState } from '@tanstack/react-router'
import { AppLink } from '../ui/app-link.tsx'
import { PageHeader } from '../ui/page-header.tsx'

/** An address that leads nowhere. */
export function NotFound() {
  const path = useRouterState({ select: (state) => state.location.pathname })
  const project = /^\/p\/([^/]+)/.exec(path)?.[1]
  return (
    <div>
      <PageHeader title="No such page" />
      <p className="mt-8 t2">
        Nothing is at <code>{path}</code>. It may have been renamed or deleted. Find it by name with <kbd>Ctrl K</kbd>,
        or go to{' '}
        <AppLink className="link" href={project ? `/p/${project}` : '/'}>
          {project ? 'the home page of the project' : 'your projects'}
        </AppLink>
        .
      </p>
    </div>
  )
}

import type { ErrorComponentProps } from '@tanstack/react-router'
import { ApiError } from '@trivium/sdk'
import { PanelError } from '../ui/page-states.tsx'
import { Sign } from './project-switcher.tsx'

/** What is shown when not even the frame could be drawn: usually the server does not answer. */
export function BrokenStart({ error }: ErrorComponentProps) {
  // a reader who is not signed in is already on the way to the login page
  if (error instanceof ApiError && error.status === 401) return null
  const known = error instanceof ApiError
  return (
    <main className="alone">
      <div className="alone-body">
        <Sign size={28} />
        <div className="mt-24">
          <PanelError
            title={known ? 'The server could not be asked.' : 'The page broke.'}
            requestId={known ? error.requestId || undefined : undefined}
            onRetry={() => location.reload()}
          >
            {error instanceof Error ? error.message : String(error)}
          </PanelError>
        </div>
      </div>
    </main>
  )
}

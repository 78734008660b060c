import { list, moment, number, oneOf, text, useSearchState } from '../../shell/search-state.ts'
import { Segmented } from '../../ui/button.tsx'
import { AccessLogSection } from './access-log-section.tsx'
import { AuditEvents } from './audit-events.tsx'
import { ChainSection } from './chain-section.tsx'

const shape = {
  show: oneOf(['events', 'access'], 'events'),
  by: text(),
  kind: text(),
  name: list(),
  subject: text(),
  from: moment(),
  to: moment(),
  before: number(),
  refused: oneOf(['all', 'denied', 'read'], 'all'),
  entry: text(),
}
const cleared = { by: '', kind: '', name: [], subject: '', from: undefined, to: undefined } as const
const newest = { before: undefined, entry: '' } as const

/** What a reader of the audit has chosen, and how it is changed. */
export interface AuditView {
  readonly by: string
  readonly kind: string
  readonly name: readonly string[]
  readonly subject: string
  readonly from: number | undefined
  readonly to: number | undefined
  /** Events before this number only. */
  readonly before: number | undefined
  readonly refused: 'all' | 'denied' | 'read'
  /** Entries of the access log before this one only. */
  readonly entry: string
}

/** Who did what, whether it is as it was sealed, and who was refused. */
export function AuditPanel({ project }: { readonly project: string }) {
  const [view, setView] = useSearchState(shape)
  // Another filter begins with the newest again.
  const filter = (change: Partial<AuditView>) => setView({ ...newest, ...change })
  const clear = () => setView({ ...newest, ...cleared, refused: 'all' })
  const page = (change: Partial<AuditView>) => setView(change, { push: true })
  return (
    <>
      <ChainSection project={project} />
      <div className="mt-16">
        <Segmented
          label="Shown"
          value={view.show}
          onChange={(show) => setView({ show, ...newest })}
          options={[
            { value: 'events', label: 'Events' },
            { value: 'access', label: 'Access log' },
          ]}
        />
      </div>
      {view.show === 'events' ? (
        <AuditEvents project={project} view={view} onFilter={filter} onClear={clear} onPage={page} />
      ) : (
        <AccessLogSection project={project} view={view} onFilter={filter} onClear={clear} onPage={page} />
      )}
    </>
  )
}

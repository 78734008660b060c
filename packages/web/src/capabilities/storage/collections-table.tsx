import type { StorageCollection } from '@trivium/contract'
import { DataTable } from '../../ui/data-table.tsx'
import { formatBytes, formatCount } from '../../ui/format-number.ts'
import { State, type StateKind } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'

const kinds: Record<StorageCollection['state'], StateKind> = {
  queued: 'run',
  running: 'run',
  finished: 'ok',
  failed: 'bad',
}

/** The newest collections, dry runs among them. */
export function CollectionsTable({ collections }: { readonly collections: readonly StorageCollection[] }) {
  if (collections.length === 0) return <p className="t2">None yet.</p>
  return (
    <DataTable
      label="Collections"
      rows={collections}
      rowKey={(one) => one.id}
      tone={(one) => (one.dryRun ? 'faint' : undefined)}
      columns={[
        { id: 'at', head: 'Begun', cell: (one) => <Time at={one.startedAt} show="age" /> },
        {
          id: 'state',
          head: 'State',
          cell: (one) => (
            <State kind={kinds[one.state]}>
              {one.state}
              {one.dryRun && ', dry run'}
              {one.error && `: ${one.error}`}
            </State>
          ),
        },
        { id: 'looked', head: 'Looked at', align: 'right', cell: (one) => pair(one.contents, one.bytes) },
        { id: 'aside', head: 'Set aside', align: 'right', cell: (one) => pair(one.setAside, one.setAsideBytes) },
        { id: 'waiting', head: 'Waiting', align: 'right', cell: (one) => pair(one.waiting, one.waitingBytes) },
        {
          id: 'back',
          head: 'Brought back',
          align: 'right',
          cell: (one) => pair(one.broughtBack, one.broughtBackBytes),
        },
        { id: 'removed', head: 'Removed', align: 'right', cell: (one) => pair(one.removed, one.removedBytes) },
      ]}
    />
  )
}

function pair(count: number, bytes: number) {
  if (count === 0) return <span className="t3">0</span>
  return (
    <>
      {formatCount(count)} <span className="t3">({formatBytes(bytes)})</span>
    </>
  )
}

import type { StorageDamage } from '@trivium/contract'
import { DataTable } from '../../ui/data-table.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { formatPlural } from '../../ui/format-number.ts'
import { Hash } from '../../ui/hash.tsx'
import { Section } from '../../ui/section.tsx'
import { Time } from '../../ui/time.tsx'

/** Content whose bytes are not what its name says; shown only where there is any. */
export function DamagesSection({ damages }: { readonly damages: readonly StorageDamage[] }) {
  if (damages.length === 0) return null
  return (
    <Section
      title="Damaged content"
      note="found by reading, and not served; restore it from a backup, or store the same content again"
    >
      <DataTable
        label="Damaged content"
        rows={damages}
        rowKey={(one) => `${one.project}/${one.digest}`}
        columns={[
          { id: 'digest', head: 'Content', cell: (one) => <Hash value={one.digest} /> },
          { id: 'project', head: 'Project', cell: (one) => one.project },
          { id: 'why', head: 'Found', cell: (one) => one.why },
          {
            id: 'owners',
            head: 'Needed by',
            cell: (one) =>
              one.owners.length === 0 ? (
                <span className="t2">nothing</span>
              ) : (
                <span className="row wrap">
                  {one.owners.slice(0, 3).map((owner) => (
                    <EntityLink key={owner.urn} {...owner} look="bare" />
                  ))}
                  {one.owners.length > 3 && (
                    <span className="t2">and {formatPlural(one.owners.length - 3, 'other')}</span>
                  )}
                </span>
              ),
          },
          { id: 'last', head: 'Last seen', align: 'right', cell: (one) => <Time at={one.lastAt} show="age" /> },
        ]}
      />
    </Section>
  )
}

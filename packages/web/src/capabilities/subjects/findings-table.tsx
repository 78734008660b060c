import type { EntityRef, SubjectFinding } from '@trivium/contract'
import { DataTable } from '../../ui/data-table.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { formatCount } from '../../ui/format-number.ts'

const words: Readonly<Record<string, string>> = {
  account: 'account',
  'access-log': 'addresses in the access log',
  'sign-in': 'ways to sign in',
  'open-invitations': 'open invitations',
}
const wordOf = (kind: string): string => words[kind] ?? kind.replaceAll('-', ' ')

/** How much is held, by capability and kind. */
export function FindingsTable({ found }: { readonly found: readonly SubjectFinding[] }) {
  return (
    <DataTable
      label="What is held"
      rows={found}
      rowKey={(one) => `${one.capability} ${one.kind} ${one.where}`}
      columns={[
        { id: 'capability', head: 'In', cell: (one) => one.capability },
        { id: 'kind', head: 'What', cell: (one) => wordOf(one.kind) },
        { id: 'where', head: 'Where', cut: true, cell: (one) => <span className="m">{one.where}</span> },
        { id: 'count', head: 'Count', align: 'right', cell: (one) => formatCount(one.count) },
        {
          id: 'plain',
          head: 'Not encrypted',
          align: 'right',
          cell: (one) => (one.plain === 0 ? <span className="t3">–</span> : formatCount(one.plain)),
        },
      ]}
    />
  )
}

/** Runs whose files were made from the rows. */
export function MadeFiles({ runs }: { readonly runs: readonly EntityRef[] }) {
  return (
    <span className="row tight wrap">
      {runs.map((one) => (
        <EntityLink key={one.urn} kind={one.kind === 'run' ? 'run' : 'pipeline-run'} name={one.name} look="bare" />
      ))}
    </span>
  )
}

/** Versions of models that may have learned from the rows. */
export function LearnedModels({ models }: { readonly models: readonly EntityRef[] }) {
  return (
    <span className="row tight wrap">
      {models.map((one) => (
        <EntityLink key={one.urn} kind="model" name={one.name} version={one.version} look="bare" />
      ))}
    </span>
  )
}

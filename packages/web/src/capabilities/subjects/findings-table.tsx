import type { EntityRef, Erasure, SubjectFinding } from '@trivium/contract'
import { DataTable } from '../../ui/data-table.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { formatCount } from '../../ui/format-number.ts'

const words: Readonly<Record<string, string>> = {
  account: 'account',
  'access-log': 'addresses in the access log',
  'sign-in': 'ways to sign in',
  'open-invitations': 'open invitations',
  texts: 'texts that name the person',
}
const removable = new Set(['texts', 'traces', 'evaluation-records'])

/** What an erasure of a project takes out or removes, although it is not encrypted. */
export const isRemovable = ({ kind }: SubjectFinding): boolean => removable.has(kind)
const wordOf = (kind: string): string => words[kind] ?? kind.replaceAll('-', ' ')

/** How much is held, by capability and kind. */
export function FindingsTable({ found }: { readonly found: readonly SubjectFinding[] }) {
  return (
    <DataTable
      label="What is held"
      rows={found}
      rowKey={keyOf}
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

const keyOf = (one: SubjectFinding): string => `${one.capability} ${one.kind} ${one.where} ${one.how ?? ''}`

/** What an erasure did, by place: what was removed, redacted, or covered by the destroyed key; and what it found and left, with the reason. */
export function ErasedTable({ changed, left }: Pick<Erasure, 'changed' | 'left'>) {
  return (
    <>
      {changed.length > 0 && (
        <DataTable
          label="What the erasure did"
          rows={changed}
          rowKey={keyOf}
          columns={[
            { id: 'capability', head: 'In', cell: (one) => one.capability },
            { id: 'where', head: 'Where', cut: true, cell: (one) => placeOf(one) },
            { id: 'how', head: 'What was done', cell: (one) => done[one.how ?? 'key'] },
            { id: 'count', head: 'Count', align: 'right', cell: (one) => formatCount(one.count) },
          ]}
        />
      )}
      {left.length > 0 && (
        <>
          <p className="t2 mt-12">Found and left as it is:</p>
          <DataTable
            label="What the erasure left"
            rows={left}
            rowKey={(one) => `${one.capability} ${one.kind} ${one.where}`}
            columns={[
              { id: 'capability', head: 'In', cell: (one) => one.capability },
              { id: 'where', head: 'Where', cell: (one) => one.where },
              { id: 'count', head: 'Count', align: 'right', cell: (one) => formatCount(one.count) },
              { id: 'why', head: 'Why, and what can be done', cell: (one) => one.why },
            ]}
          />
        </>
      )}
    </>
  )
}

const done = { key: 'key destroyed: reads redacted', removed: 'removed', redacted: 'name redacted' } as const
const placeOf = ({ kind, where }: SubjectFinding): string => (kind === 'texts' ? where : `${wordOf(kind)}: ${where}`)

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

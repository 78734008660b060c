import { type Erasure, listErasures } from '@trivium/contract'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { formatCount, formatPlural } from '../../ui/format-number.ts'
import { Hash } from '../../ui/hash.tsx'
import { Section } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'
import { ErasedTable, LearnedModels, MadeFiles } from './findings-table.tsx'

/** The record of erasures, which names nobody. */
export function ErasuresSection({ project }: { readonly project: string }) {
  const erasures = useContractQuery(listErasures, { params: { project } }, { refetchInterval: 5000 })
  return (
    <Section title="Erasures" note="what was done, for whoever asks; no person is named">
      <QueryView query={erasures} what="the record of erasures" permission="subject:read">
        {(data) =>
          data.erasures.length === 0 ? (
            <p className="t2">Nobody was erased yet.</p>
          ) : (
            <>
              <DataTable
                label="Erasures"
                rows={data.erasures}
                rowKey={(one) => one.id}
                columns={[
                  { id: 'at', head: 'When', cell: (one) => <Time at={one.at} /> },
                  { id: 'state', head: 'State', cell: (one) => <ErasureState erasure={one} /> },
                  {
                    id: 'records',
                    head: 'Records',
                    align: 'right',
                    cell: (one) => formatCount(one.found.reduce((sum, { count }) => sum + count, 0)),
                  },
                  { id: 'models', head: 'May have learned', cell: (one) => <LearnedModels models={one.models} /> },
                  { id: 'files', head: 'Files made of it', cell: (one) => <MadeFiles runs={one.artifacts} /> },
                  { id: 'by', head: 'By', cell: (one) => one.byName },
                  { id: 'reason', head: 'Reason', cut: true, cell: (one) => one.reason },
                  { id: 'key', head: 'Key', cell: (one) => <Hash value={one.subject} form="id" /> },
                ]}
              />
              {data.erasures.slice(0, most).map((one) => (
                <ErasureDetails key={one.id} erasure={one} />
              ))}
              {data.erasures.map(
                (one) =>
                  one.error !== null && (
                    <p key={one.id} className="field-error mt-8">
                      {one.id}: {one.error}
                    </p>
                  ),
              )}
              <p className="t2 mt-8">
                Renew the file of keys that is kept beside backups after each: trivium subjects keys FILE.
              </p>
            </>
          )
        }
      </QueryView>
    </Section>
  )
}

/** The newest are told of in full; all of them by `trivium subjects erasures`. */
const most = 10

function ErasureDetails({ erasure }: { readonly erasure: Erasure }) {
  const { id, at, looked, changed, left } = erasure
  if (looked.length + changed.length + left.length === 0) return null
  const rows = looked.reduce((sum, one) => sum + one.rows, 0)
  return (
    <details className="mt-12">
      <summary>
        What the erasure of <Time at={at} /> did: {formatPlural(changed.length, 'place')} changed,{' '}
        {formatPlural(left.length, 'place')} left
      </summary>
      <div className="mt-8">
        <ErasedTable changed={changed} left={left} />
        <p className="t3 mt-8" title={looked.map(({ where }) => where).join(', ')}>
          {id}: searched {formatPlural(rows, 'row')} of texts in {formatPlural(looked.length, 'place')}.
        </p>
      </div>
    </details>
  )
}

function ErasureState({ erasure: { state, finishedAt } }: { readonly erasure: Erasure }) {
  if (state === 'finished')
    return (
      <State kind="ok">
        finished <Time at={finishedAt ?? 0} show="age" /> ago
      </State>
    )
  if (state === 'running') return <State kind="run">key destroyed, rest under way</State>
  return <State kind="bad">key destroyed, rest failed; erase again</State>
}

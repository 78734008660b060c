import { listModelCandidates, type ModelCandidate } from '@trivium/contract'
import { useContractPages } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { Button } from '../../ui/button.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { Person } from '../../ui/person.tsx'
import { Section } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'

const outcomes = {
  rejected: { kind: 'bad', word: 'rejected by the gate' },
  declined: { kind: 'bad', word: 'declined in review' },
  superseded: { kind: 'idle', word: 'a later one was chosen' },
  open: { kind: 'person', word: 'still open' },
  unjudged: { kind: 'none', word: 'never judged' },
} as const

/** Versions that were neither champion nor deployed, each with why. */
export function CandidatesTab({ project, model }: { readonly project: string; readonly model: string }) {
  const pages = useContractPages(listModelCandidates, { params: { project, model }, query: { limit: 100 } })
  const query = { ...pages, data: pages.data?.pages.flatMap((page) => page.candidates) }
  return (
    <Section title="Not chosen" note="neither champion nor deployed, newest first, with the reasons on record">
      <QueryView query={query} what="the candidates" permission="deployment:read">
        {(candidates) => (
          <>
            {candidates.length === 0 && !pages.hasNextPage ? (
              <p className="t2">Every version was used.</p>
            ) : (
              <DataTable
                label="Candidates"
                keys={false}
                rows={candidates}
                rowKey={(one) => String(one.version)}
                columns={[
                  {
                    id: 'version',
                    head: 'Version',
                    cell: (one: ModelCandidate) => (
                      <EntityLink kind="model" name={model} version={one.version} look="name" strong>
                        v{one.version}
                      </EntityLink>
                    ),
                  },
                  {
                    id: 'outcome',
                    head: 'Outcome',
                    cell: (one) => <State kind={outcomes[one.outcome].kind}>{outcomes[one.outcome].word}</State>,
                  },
                  {
                    id: 'why',
                    head: 'Why',
                    width: '50%',
                    cell: (one) => (
                      <ul className="stack" style={{ whiteSpace: 'normal', minWidth: 220 }}>
                        {one.reasons.map((reason) => (
                          <li key={`${reason.kind}/${reason.text}`}>
                            {reason.text} {reason.at !== null && <Time at={reason.at} />}
                          </li>
                        ))}
                        {one.reasons.length === 0 && <li className="t2">No gate, no review, no check is on record.</li>}
                      </ul>
                    ),
                  },
                  { id: 'by', head: 'By', cell: (one) => <Person name={one.registeredBy} /> },
                  {
                    id: 'registered',
                    head: 'Registered',
                    align: 'right',
                    cell: (one) => <Time at={one.registeredAt} show="age" />,
                  },
                ]}
              />
            )}
            {pages.hasNextPage && (
              <div className="mt-8">
                <Button pending={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
                  Show older ones
                </Button>
              </div>
            )}
          </>
        )}
      </QueryView>
    </Section>
  )
}

import { listRunDrafts } from '@trivium/contract'
import { useContractPages } from '../../data/contract-query.ts'
import { oneOf, useSearchState } from '../../shell/search-state.ts'
import { Button, Segmented } from '../../ui/button.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { formatCount, formatPlural } from '../../ui/format-number.ts'
import { Loading, PanelError } from '../../ui/page-states.tsx'
import { Section } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'
import { runStatus } from '../tracking/run-status.ts'
import { DraftView } from './draft-view.tsx'

const shape = { drafts: oneOf(['open', 'confirmed'], 'open') }

/** The drafts of an experiment, the newest first: those to confirm, or those that somebody confirmed. N and E act on the first. */
export function DraftsList({ project, experiment }: { readonly project: string; readonly experiment: string }) {
  const [view, setView] = useSearchState(shape)
  const query = useContractPages(listRunDrafts, {
    params: { project, experiment },
    query: { state: view.drafts, limit: 10 },
  })
  const [first] = query.data?.pages ?? []
  const drafts = query.data?.pages.flatMap((page) => page.drafts) ?? []
  return (
    <>
      <div className="row mt-12">
        <Segmented
          label="Which drafts"
          value={view.drafts}
          onChange={(chosen) => setView({ drafts: chosen })}
          options={[
            { value: 'open', label: `To confirm${first ? ` ${formatCount(first.open)}` : ''}` },
            { value: 'confirmed', label: `Confirmed${first ? ` ${formatCount(first.confirmed)}` : ''}` },
          ]}
        />
      </div>
      {query.error ? (
        <PanelError title="The drafts could not be read." onRetry={() => void query.refetch()}>
          {query.error.detail}
        </PanelError>
      ) : !query.data ? (
        <Loading what="Drafting from the records." rows={8} />
      ) : drafts.length === 0 ? (
        <p className="t2 mt-16">
          {view.drafts === 'open'
            ? 'No draft waits: every run that has ended has a confirmed note.'
            : 'Nobody has confirmed a draft of this experiment yet.'}
        </p>
      ) : (
        drafts.map((draft, at) => (
          <Section
            key={`${draft.of} ${draft.run.id}`}
            title={
              <span className="row tight">
                <EntityLink kind="run" name={draft.run.name} id={draft.run.id} look="bare" />
                {draft.of === 'group' && `and ${formatPlural(draft.members.length - 1, 'repeat')}`}
              </span>
            }
            note={
              <span className="row tight">
                <State kind={runStatus(draft.run).kind}>{runStatus(draft.run).word}</State>{' '}
                <Time at={draft.run.endedAt} show="age" />
              </span>
            }
          >
            <DraftView project={project} draft={draft} keys={at === 0 && view.drafts === 'open'} />
          </Section>
        ))
      )}
      {query.hasNextPage && (
        <Button pending={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          Show more
        </Button>
      )}
    </>
  )
}

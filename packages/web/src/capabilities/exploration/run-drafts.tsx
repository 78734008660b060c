import { getRunDrafts, type RunDetail } from '@trivium/contract'
import { useContractQuery } from '../../data/contract-query.ts'
import { PanelError } from '../../ui/page-states.tsx'
import { Section } from '../../ui/section.tsx'
import { DraftView } from './draft-view.tsx'
import './exploration.css'

/** What a run shows, and what its group of repeats does; nothing while it runs. */
export function RunDrafts({ project, run }: { readonly project: string; readonly run: RunDetail }) {
  const ended = run.status !== 'RUNNING' && run.status !== 'SCHEDULED'
  const query = useContractQuery(getRunDrafts, { params: { project, run: run.id } }, { enabled: ended })
  if (!ended) return null
  if (query.error)
    return (
      <PanelError title="The drafted note could not be read." onRetry={() => void query.refetch()}>
        {query.error.detail}
      </PanelError>
    )
  return (query.data?.drafts ?? []).map((draft) => (
    <Section
      key={draft.of}
      title={draft.of === 'run' ? 'What this run shows' : 'What its repeats show'}
      note={draft.of === 'run' ? undefined : draft.members.map((one) => one.name).join(', ')}
    >
      <DraftView project={project} draft={draft} keys={draft.of === 'run'} />
    </Section>
  ))
}

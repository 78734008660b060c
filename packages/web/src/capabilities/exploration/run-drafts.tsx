import { getRunDrafts, type RunDetail, type RunDraft } from '@trivium/contract'
import { useState } from 'react'
import { useContractQuery } from '../../data/contract-query.ts'
import { Button } from '../../ui/button.tsx'
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
  return (query.data?.drafts ?? []).map((draft) =>
    draft.of === 'run' ? (
      <Section key="run" title="What this run shows">
        <DraftView project={project} draft={draft} keys />
      </Section>
    ) : (
      <GroupDraft key="group" project={project} draft={draft} />
    ),
  )
}

/** Folded, so that the page still begins with the run. */
function GroupDraft({ project, draft }: { readonly project: string; readonly draft: RunDraft }) {
  const [open, setOpen] = useState(false)
  return (
    <Section
      title="What its repeats show"
      note={draft.members.map((one) => one.name).join(', ')}
      end={
        <Button look="link" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? 'Fold it' : draft.note ? 'Show the note' : 'Show the draft'}
        </Button>
      }
    >
      {open && <DraftView project={project} draft={draft} />}
    </Section>
  )
}

import { getRun, type RunDetail, updateRun } from '@trivium/contract'
import { useState } from 'react'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { Button, Segmented } from '../../ui/button.tsx'
import { TextArea } from '../../ui/field.tsx'
import { Markdown } from '../../ui/markdown.tsx'
import { Section } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'

const most = 8000

/** The note of a run: Markdown, which clients set as the tag `mlflow.note.content`. */
export function RunNote({ project, run }: { readonly project: string; readonly run: RunDetail }) {
  const [draft, setDraft] = useState<string>()
  const [shown, setShown] = useState<'text' | 'preview'>('text')
  const save = useContractMutation(updateRun, { invalidates: [getRun], onDone: () => setDraft(undefined) })
  const edit = (
    <Button look="link" onClick={() => setDraft(run.note)}>
      {run.note === '' ? 'Write a note' : 'Edit the note'}
    </Button>
  )
  if (draft === undefined && run.note === '') return <div className="mt-8">{run.lifecycle === 'active' && edit}</div>
  if (draft === undefined)
    return (
      <Section title="Note" end={run.lifecycle === 'active' && edit}>
        <Markdown text={run.note} top={3} />
      </Section>
    )
  return (
    <Section
      title="Note"
      note="Markdown"
      end={
        <Segmented
          label="Shown as"
          value={shown}
          onChange={setShown}
          options={[
            { value: 'text', label: 'Text' },
            { value: 'preview', label: 'Preview' },
          ]}
        />
      }
    >
      {shown === 'text' ? (
        <TextArea
          label="What is worth knowing of this run"
          rows={8}
          maxLength={most}
          value={draft}
          onChange={(event) => setDraft(event.target.value)}
        />
      ) : draft.trim() === '' ? (
        <p className="t2">There is nothing to show yet.</p>
      ) : (
        <Markdown text={draft} top={3} />
      )}
      {save.error && <State kind="bad">{save.error.detail}</State>}
      <div className="row mt-8">
        <Button
          look="primary"
          pending={save.isPending}
          onClick={() => save.mutate({ params: { project, run: run.id }, body: { note: draft } })}
        >
          Save the note
        </Button>
        <Button
          look="quiet"
          onClick={() => {
            setDraft(undefined)
            setShown('text')
          }}
        >
          Discard
        </Button>
      </div>
    </Section>
  )
}

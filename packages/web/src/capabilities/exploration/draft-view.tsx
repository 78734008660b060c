import {
  confirmRunDraft,
  type DraftEvidence,
  getRunDrafts,
  listRunDrafts,
  reopenRunDraft,
  type RunDraft,
} from '@trivium/contract'
import { useState } from 'react'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { AppLink } from '../../ui/app-link.tsx'
import { Button } from '../../ui/button.tsx'
import { TextArea } from '../../ui/field.tsx'
import { formatPlural } from '../../ui/format-number.ts'
import { Markdown } from '../../ui/markdown.tsx'
import { State } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'
import { useToasts } from '../../ui/undo-toast.tsx'
import { useShortcuts } from '../../ui/shortcuts.ts'
import { compareHref } from '../tracking/compare-href.ts'

const invalidates = [getRunDrafts, listRunDrafts]
const heads = { changed: 'What changed', happened: 'What happened', reason: 'Likely reason' } as const
const parts = ['changed', 'happened', 'reason'] as const
const tabs: Partial<Record<DraftEvidence['at'], string>> = { metrics: 'metrics', params: 'params', log: 'console' }

interface DraftViewProps {
  readonly project: string
  readonly draft: RunDraft
  /** Binds N (confirm) and E (edit): of one draft a page. */
  readonly keys?: boolean
}

/** A draft with the records that each sentence rests on, to confirm as it is or edited; or the note that was made of it. */
export function DraftView({ project, draft, keys = false }: DraftViewProps) {
  const [text, setText] = useState<string>()
  const toasts = useToasts()
  const params = { project, run: draft.run.id, of: draft.of }
  const reopen = useContractMutation(reopenRunDraft, { invalidates })
  const confirm = useContractMutation(confirmRunDraft, {
    invalidates,
    onDone: () => {
      setText(undefined)
      toasts.undo(`The note on ${draft.run.name} is kept`, () => reopen.mutate({ params }))
    },
  })
  const { note } = draft
  const keep = () => confirm.mutate({ params, body: { digest: draft.digest } })
  const edit = () => setText(note?.text ?? draft.text)
  useShortcuts(
    keys && text === undefined
      ? [
          ...(note?.current ? [] : [{ keys: 'n', what: 'Confirm the drafted note', group: 'This run', run: keep }]),
          { keys: 'e', what: 'Edit the drafted note', group: 'This run', run: edit },
        ]
      : [],
  )
  const error = confirm.error ?? reopen.error
  return (
    <div className="stack gap-8">
      {text !== undefined ? (
        <>
          <TextArea
            label="The note, in Markdown"
            rows={8}
            maxLength={20_000}
            value={text}
            autoFocus
            onChange={(event) => setText(event.target.value)}
          />
          <div className="row">
            <Button
              look="primary"
              pending={confirm.isPending}
              denied={text.trim() === '' ? 'A note has words.' : undefined}
              onClick={() => confirm.mutate({ params, body: { digest: draft.digest, text } })}
            >
              Keep the note
            </Button>
            <Button look="quiet" onClick={() => setText(undefined)}>
              Discard
            </Button>
          </div>
        </>
      ) : note ? (
        <>
          <Markdown text={note.text} top={4} />
          <div className="row wrap sm t2">
            <span>
              {note.edited ? 'Edited and confirmed' : 'Confirmed'} by {note.byName}, <Time at={note.at} />
            </span>
            {!note.current && <State kind="warn">the records say more by now</State>}
            {!note.current && (
              <Button look="link" pending={confirm.isPending} onClick={keep}>
                Take the new draft
              </Button>
            )}
            <Button look="link" onClick={edit}>
              Edit
            </Button>
            <Button look="link" pending={reopen.isPending} onClick={() => reopen.mutate({ params })}>
              Take back
            </Button>
          </div>
          {!note.current && <Sentences project={project} draft={draft} />}
        </>
      ) : (
        <>
          <Sentences project={project} draft={draft} />
          <div className="row wrap">
            <Button size="small" pending={confirm.isPending} onClick={keep}>
              Confirm the note
            </Button>
            <Button size="small" look="quiet" onClick={edit}>
              Edit
            </Button>
            <span className="sm t3">
              {keys && <>N confirms, E edits. </>}
              {draft.of === 'group'
                ? `Drafted from the records of ${formatPlural(draft.members.length, 'repeat')}.`
                : 'Drafted from the records; nobody has confirmed it.'}
            </span>
          </div>
        </>
      )}
      {error && <State kind="bad">{error.detail}</State>}
    </div>
  )
}

function Sentences({ project, draft }: { readonly project: string; readonly draft: RunDraft }) {
  return (
    <dl className="draft">
      {parts.map((part) => {
        const own = draft.sentences.filter((sentence) => sentence.part === part)
        return (
          own.length > 0 && (
            <div key={part}>
              <dt className="t3 sm">{heads[part]}</dt>
              <dd>
                {own.map((sentence) => (
                  <div key={sentence.text} className="draft-sentence">
                    <Markdown text={sentence.text} />
                    <span className="sm t3">
                      {sentence.evidence.map((evidence, at) => (
                        <span key={`${evidence.run} ${evidence.at} ${evidence.label}`}>
                          {at > 0 && ', '}
                          <AppLink className="link" href={evidenceHref(project, draft, evidence)}>
                            {evidence.label}
                          </AppLink>
                        </span>
                      ))}
                    </span>
                  </div>
                ))}
                {part === 'changed' && draft.parent && (
                  <p className="sm t3">
                    Against{' '}
                    <AppLink className="link" href={runHref(project, draft.parent.id)}>
                      {draft.parent.name}
                    </AppLink>
                    , {draft.parent.why}.
                  </p>
                )}
              </dd>
            </div>
          )
        )
      })}
    </dl>
  )
}

const runHref = (project: string, run: string): string =>
  `/p/${encodeURIComponent(project)}/runs/${encodeURIComponent(run)}`

function evidenceHref(project: string, draft: RunDraft, { run, at }: DraftEvidence): string {
  if (at === 'comparison' && draft.parent) return compareHref(project, [draft.parent.id, run])
  const tab = tabs[at]
  return `${runHref(project, run)}${tab === undefined ? '' : `?tab=${tab}`}`
}

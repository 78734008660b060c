import { addIdea, changeIdea, getFrontier, type Idea, type IdeaOutcome, listIdeas } from '@trivium/contract'
import { useState } from 'react'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { AppLink } from '../../ui/app-link.tsx'
import { Button } from '../../ui/button.tsx'
import { SelectField, TextArea, TextField } from '../../ui/field.tsx'
import { formatPlural } from '../../ui/format-number.ts'
import { formatDuration } from '../../ui/format-time.ts'
import { Hash } from '../../ui/hash.tsx'
import { Section } from '../../ui/section.tsx'
import { State, type StateKind } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'
import './exploration.css'

const invalidates = [listIdeas, getFrontier]
const states: Record<Idea['state'], { kind: StateKind; word: string }> = {
  open: { kind: 'none', word: 'open' },
  chosen: { kind: 'run', word: 'chosen' },
  dropped: { kind: 'idle', word: 'dropped' },
  concluded: { kind: 'ok', word: 'concluded' },
}
const outcomes: readonly { value: IdeaOutcome; label: string }[] = [
  { value: 'supported', label: 'The hypothesis is supported' },
  { value: 'refuted', label: 'The hypothesis is refuted' },
  { value: 'unclear', label: 'It stays unclear' },
]

interface IdeasViewProps {
  readonly project: string
  readonly experiment: { readonly id: string; readonly name: string }
}

/** The ideas of an experiment: added, chosen, dropped and concluded by people. */
export function IdeasView({ project, experiment }: IdeasViewProps) {
  const query = useContractQuery(listIdeas, { params: { project, experiment: experiment.id } })
  return (
    <>
      <NewIdea project={project} experiment={experiment.id} />
      <QueryView query={query} what="the ideas" permission="run:read">
        {({ ideas }) =>
          ideas.length === 0 ? (
            <p className="t2 mt-16">
              Nobody has added an idea yet. What would you try next, and what do you expect of it?
            </p>
          ) : (
            <ul className="mt-16">
              {ideas.map((idea) => (
                <IdeaItem key={idea.id} project={project} idea={idea} experiment={experiment.name} />
              ))}
            </ul>
          )
        }
      </QueryView>
    </>
  )
}

function NewIdea({ project, experiment }: { readonly project: string; readonly experiment: string }) {
  const empty = { title: '', hypothesis: '', source: '' }
  const [form, setForm] = useState(empty)
  const add = useContractMutation(addIdea, { invalidates, onDone: () => setForm(empty) })
  return (
    <Section title="A new idea" note="with what is expected of it, before the first run">
      <div className="stack gap-8" style={{ maxWidth: 640 }}>
        <TextField
          label="What to try"
          maxLength={200}
          value={form.title}
          onChange={(event) => setForm({ ...form, title: event.target.value })}
        />
        <TextArea
          label="Hypothesis"
          help="What is expected, and why. Choosing an idea needs one."
          rows={2}
          maxLength={4000}
          value={form.hypothesis}
          onChange={(event) => setForm({ ...form, hypothesis: event.target.value })}
        />
        <TextField
          label="Where it comes from"
          help="A domain expert, a paper, an incident. May be empty."
          maxLength={200}
          value={form.source}
          onChange={(event) => setForm({ ...form, source: event.target.value })}
        />
        {add.error && <State kind="bad">{add.error.detail}</State>}
        <div>
          <Button
            pending={add.isPending}
            denied={form.title.trim() === '' ? 'Say what to try.' : undefined}
            onClick={() => add.mutate({ params: { project, experiment }, body: form })}
          >
            Add the idea
          </Button>
        </div>
      </div>
    </Section>
  )
}

type Asked = 'chosen' | 'dropped' | 'concluded'

function IdeaItem({
  project,
  idea,
  experiment,
}: {
  readonly project: string
  readonly idea: Idea
  readonly experiment: string
}) {
  const [asked, setAsked] = useState<Asked>()
  const change = useContractMutation(changeIdea, { invalidates, onDone: () => setAsked(undefined) })
  const decide = (body: Parameters<typeof change.mutate>[0]['body']) =>
    change.mutate({ params: { project, idea: idea.id }, body })
  const state = states[idea.state]
  const live = idea.state === 'open' || idea.state === 'chosen'
  const runsHref = `/p/${encodeURIComponent(project)}/experiments/${encodeURIComponent(experiment)}?filter=${encodeURIComponent(`tags.\`trivium.idea\` = '${idea.id}'`)}`
  return (
    <li className="idea-row">
      <div className="row wrap">
        <span className="b">{idea.title}</span>
        <State kind={state.kind}>{idea.outcome ?? state.word}</State>
        <span className="sm t3">
          {idea.createdByName}
          {idea.source !== '' && `, from ${idea.source}`}, <Time at={idea.createdAt} show="day" />
        </span>
        <Hash value={idea.id} form="id" />
      </div>
      <p className="t2 prose">
        {idea.hypothesis === '' ? 'No hypothesis is written down.' : idea.hypothesis}{' '}
        {idea.hypothesisFirst === false && <State kind="warn">written after the first run</State>}
      </p>
      {idea.reason !== '' && (
        <p className="t2 prose">
          {idea.decidedByName}: {idea.reason}
        </p>
      )}
      <div className="row wrap sm">
        {idea.runs === 0 ? (
          <span className="t3">No run yet</span>
        ) : (
          <AppLink className="link" href={runsHref}>
            {formatPlural(idea.runs, 'run')}
          </AppLink>
        )}
        {idea.spentMs > 0 && <span className="t3">{formatDuration(idea.spentMs)} of compute</span>}
        {idea.evaluatedAt !== null && (
          <span className="t3">
            {idea.evaluatedAt < idea.createdAt
              ? 'trained before it was written down'
              : `trained ${formatDuration(idea.evaluatedAt - idea.createdAt)} after it was written down`}
          </span>
        )}
        {idea.state === 'open' && (
          <Button
            size="small"
            look="quiet"
            aria-label={`Choose ${idea.title}`}
            pending={change.isPending}
            onClick={() => (idea.hypothesis === '' ? setAsked('chosen') : decide({ state: 'chosen' }))}
          >
            Choose
          </Button>
        )}
        {live && (
          <>
            <Button
              size="small"
              look="quiet"
              aria-label={`Conclude ${idea.title}`}
              onClick={() => setAsked('concluded')}
            >
              Conclude
            </Button>
            <Button size="small" look="quiet" aria-label={`Drop ${idea.title}`} onClick={() => setAsked('dropped')}>
              Drop
            </Button>
          </>
        )}
        {!live && (
          <Button
            size="small"
            look="quiet"
            aria-label={`Reopen ${idea.title}`}
            pending={change.isPending}
            onClick={() => decide({ state: 'open' })}
          >
            Reopen
          </Button>
        )}
      </div>
      {asked && (
        <Decision
          asked={asked}
          pending={change.isPending}
          onDecide={(body) => decide({ state: asked, ...body })}
          onLeave={() => setAsked(undefined)}
        />
      )}
      {change.error && <State kind="bad">{change.error.detail}</State>}
    </li>
  )
}

const asks: Record<Asked, { label: string; act: string }> = {
  chosen: { label: 'Hypothesis: what is expected, and why', act: 'Choose it' },
  dropped: { label: 'Why it is dropped', act: 'Drop it' },
  concluded: { label: 'What showed it', act: 'Conclude it' },
}

interface DecisionProps {
  readonly asked: Asked
  readonly pending: boolean
  readonly onDecide: (body: { hypothesis?: string; reason?: string; outcome?: IdeaOutcome }) => void
  readonly onLeave: () => void
}

function Decision({ asked, pending, onDecide, onLeave }: DecisionProps) {
  const [text, setText] = useState('')
  const [outcome, setOutcome] = useState<IdeaOutcome>('supported')
  const words = asks[asked]
  return (
    <div className="stack gap-8 mt-8" style={{ maxWidth: 640 }}>
      {asked === 'concluded' && (
        <SelectField
          label="What trying it showed"
          value={outcome}
          options={outcomes}
          onChange={(event) => setOutcome(event.target.value as IdeaOutcome)}
        />
      )}
      <TextArea
        label={words.label}
        rows={2}
        autoFocus
        maxLength={2000}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <div className="row">
        <Button
          pending={pending}
          denied={text.trim() === '' ? 'Write why.' : undefined}
          onClick={() =>
            onDecide(
              asked === 'chosen'
                ? { hypothesis: text }
                : { reason: text, ...(asked === 'concluded' ? { outcome } : {}) },
            )
          }
        >
          {words.act}
        </Button>
        <Button look="quiet" onClick={onLeave}>
          Leave it
        </Button>
      </div>
    </div>
  )
}

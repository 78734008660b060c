import type { PipelineRun, PipelineStepRun } from '@trivium/contract'
import { EntityLink } from '../../ui/entity-link.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { parseUrn } from '../../ui/entity-url.ts'
import { Hash } from '../../ui/hash.tsx'
import { Claim } from '../../ui/page-header.tsx'
import { Note, Section } from '../../ui/section.tsx'
import { State, StateGlyph } from '../../ui/state.tsx'
import { TabPanel, Tabs } from '../../ui/tabs.tsx'
import { Value } from '../../ui/value.tsx'
import { AppLink } from '../../ui/app-link.tsx'
import { runHref } from './runs-table.tsx'
import { outcomeOf } from './outcome-words.ts'
import { stepState } from './run-state.ts'
import { StepBoundaryFacts } from './step-boundary.tsx'
import { StepLog } from './step-log.tsx'

interface StepPanelProps {
  readonly project: string
  readonly run: PipelineRun
  readonly step: PipelineStepRun
  readonly tab: string
  readonly onTab: (tab: string) => void
}

/** One step of a run. */
export function StepPanel({ project, run, step, tab, onTab }: StepPanelProps) {
  const waiting = step.waitingFor === null ? undefined : parseUrn(step.waitingFor)
  const { error, boundary } = step.attempts.at(-1) ?? {}
  // what the page says above is not said again
  const said = run.reason === null ? undefined : outcomeOf(run.reason).cause
  const reason = step.reason === null ? undefined : outcomeOf(step.reason).cause
  const failure = error && outcomeOf(error.message).cause
  return (
    <Section
      title={
        <span className="row">
          <StateGlyph kind={stepState(step)} />
          {step.name}
        </span>
      }
      note={`${step.kind}, ${step.state}`}
    >
      {reason !== undefined && reason !== said && <Claim>{reason}</Claim>}
      {waiting && step.state === 'waiting' && (
        <Note tone="person">
          It waits for a decision:{' '}
          <EntityLink kind="inbox" name={waiting.name} id={waiting.id} look="bare">
            open it in the inbox
          </EntityLink>
        </Note>
      )}
      {error && failure !== reason && failure !== said && (
        <Note tone="bad">
          <span className="m">{error.code}</span> {failure}
        </Note>
      )}
      {boundary && <StepBoundaryFacts boundary={boundary} />}
      <Tabs
        inner
        value={tab}
        onChange={onTab}
        tabs={[
          { id: 'log', label: 'Log', count: step.attempts.length > 1 ? `attempt ${step.attempts.length}` : undefined },
          { id: 'cache', label: 'Cache' },
          { id: 'inputs', label: 'Inputs and outputs', count: step.inputs.length + step.outputs.length },
          { id: 'evidence', label: 'Evidence', count: step.evidence.length },
        ]}
      />
      <TabPanel tab={tab}>
        {tab === 'log' && (
          <StepLog
            project={project}
            run={run.id}
            step={step.name}
            attempt={step.attempts.length}
            live={step.state === 'running'}
          />
        )}
        {tab === 'cache' && <CacheView project={project} pipeline={run.pipeline} step={step} />}
        {tab === 'inputs' && <Artifacts step={step} />}
        {tab === 'evidence' && <EvidenceList step={step} />}
      </TabPanel>
    </Section>
  )
}

function CacheView({
  project,
  pipeline,
  step,
}: {
  readonly project: string
  readonly pipeline: string
  readonly step: PipelineStepRun
}) {
  const verdict = step.cache
  if (!verdict) return <p className="t2">The step has not begun.</p>
  return (
    <>
      <p>
        <State kind={verdict.outcome === 'hit' ? 'cached' : verdict.outcome === 'miss' ? 'ok' : 'idle'}>
          {verdict.outcome === 'hit' ? 'cached' : verdict.outcome === 'miss' ? 'it ran' : 'never cached'}
        </State>{' '}
        {verdict.reason}
        {verdict.run && (
          <>
            {' '}
            <AppLink className="link" href={runHref(project, { pipeline, id: verdict.run.id })}>
              {verdict.outcome === 'hit' ? 'The run that made the outputs' : 'The nearest earlier run'}
            </AppLink>
          </>
        )}
      </p>
      {verdict.components.length > 0 && (
        <DataTable
          label="Parts of the cache key"
          keys={false}
          density="compact"
          rows={verdict.components}
          rowKey={(component) => component.part}
          tone={(component) => (component.changed ? undefined : 'faint')}
          columns={[
            {
              id: 'part',
              head: 'Part',
              cell: (component) => <span className={component.changed ? 'mono m' : 'mono'}>{component.part}</span>,
            },
            {
              id: 'before',
              head: 'Before',
              cut: true,
              cell: (component) => <span className="mono">{component.before ?? '–'}</span>,
            },
            {
              id: 'after',
              head: 'Now',
              cut: true,
              cell: (component) => <span className="mono">{component.after ?? '–'}</span>,
            },
            {
              id: 'changed',
              head: '',
              cell: (component) => (component.changed ? <span className="m">changed</span> : 'same'),
            },
            {
              id: 'detail',
              head: 'What exactly',
              cut: true,
              cell: (component) => <span className="t2">{component.detail.join(', ')}</span>,
            },
          ]}
        />
      )}
    </>
  )
}

function Artifacts({ step }: { readonly step: PipelineStepRun }) {
  const rows = [
    ...step.inputs.map((artifact) => ({ artifact, side: 'input' })),
    ...step.outputs.map((artifact) => ({ artifact, side: 'output' })),
  ]
  if (rows.length === 0) return <p className="t2">Nothing went in or came out.</p>
  return (
    <DataTable
      label="Inputs and outputs"
      keys={false}
      density="compact"
      rows={rows}
      rowKey={(row) => `${row.side}/${row.artifact.name}`}
      columns={[
        { id: 'side', head: '', cell: (row) => <span className="t2">{row.side}</span> },
        { id: 'name', head: 'Name', cell: (row) => <span className="mono m">{row.artifact.name}</span> },
        {
          id: 'what',
          head: 'What',
          cell: (row) => {
            const entity = row.artifact.urn === null ? undefined : parseUrn(row.artifact.urn)
            return entity ? (
              <EntityLink kind={entity.kind} name={entity.name} id={entity.id} version={entity.version} look="bare" />
            ) : (
              <span className="t2">{row.artifact.reference ?? row.artifact.kind}</span>
            )
          },
        },
        { id: 'digest', head: 'Content', cell: (row) => <Hash value={row.artifact.digest} /> },
        { id: 'size', head: 'Size', align: 'right', cell: (row) => <Value value={row.artifact.size} form="bytes" /> },
      ]}
    />
  )
}

function EvidenceList({ step }: { readonly step: PipelineStepRun }) {
  if (step.evidence.length === 0) return <p className="t2">The step gave no evidence.</p>
  return (
    <ul className="stack gap-8">
      {step.evidence.map((evidence) => (
        <li key={evidence.digest} className="row">
          <StateGlyph
            kind={evidence.verdict === 'passed' ? 'ok' : evidence.verdict === 'failed' ? 'bad' : 'none'}
            label={evidence.verdict}
          />
          <span className="grow">{evidence.summary}</span>
          <span className="t3 sm">{evidence.kind}</span>
        </li>
      ))}
    </ul>
  )
}

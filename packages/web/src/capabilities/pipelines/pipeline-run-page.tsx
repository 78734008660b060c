import {
  cancelPipelineRun,
  getPipelineRun,
  listPipelineRuns,
  type PipelineRun,
  repeatPipelineRun,
} from '@trivium/contract'
import { useRouter } from '@tanstack/react-router'
import { useState } from 'react'
import { Gantt } from '../../charts/gantt.tsx'
import { Graph } from '../../charts/graph.tsx'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { useVolatile } from '../../data/use-live.ts'
import { oneOf, text, useSearchState } from '../../shell/search-state.ts'
import { usePageParams } from '../../shell/use-page-params.ts'
import { Button } from '../../ui/button.tsx'
import { Duration } from '../../ui/duration.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { parseUrn } from '../../ui/entity-url.ts'
import { Facts } from '../../ui/facts.tsx'
import { Claim, PageHeader } from '../../ui/page-header.tsx'
import { Person } from '../../ui/person.tsx'
import { Section } from '../../ui/section.tsx'
import { Time } from '../../ui/time.tsx'
import { useTicking } from '../../ui/use-ticking.ts'
import { outcomeOf, skippedWords } from './outcome-words.ts'
import { runHref } from './runs-table.tsx'
import { runState, stepState } from './run-state.ts'
import { StepPanel } from './step-panel.tsx'

const shape = { step: text(), tab: oneOf(['log', 'cache', 'inputs', 'evidence'], 'log') }

/** One run: graph, Gantt, and of the chosen step log, cache verdict, inputs and outputs. */
export function Page() {
  const { project, run: id } = usePageParams<'run'>()
  const active = (run: PipelineRun | undefined) =>
    run !== undefined && ['queued', 'running', 'waiting'].includes(run.state)
  const query = useContractQuery(getPipelineRun, { params: { project, run: id } })
  return (
    <QueryView query={query} what="the run" shape="facts" permission="pipeline:read">
      {(run) => <RunView project={project} run={run} live={active(run)} onChanged={() => void query.refetch()} />}
    </QueryView>
  )
}

interface RunViewProps {
  readonly project: string
  readonly run: PipelineRun
  readonly live: boolean
  readonly onChanged: () => void
}

function RunView({ project, run, live, onChanged }: RunViewProps) {
  const [view, setView] = useSearchState(shape)
  const now = useTicking(live)
  const [progress, setProgress] = useState<Record<string, number>>({})
  const cancel = useContractMutation(cancelPipelineRun, { invalidates: [getPipelineRun] })
  const router = useRouter()
  const repeat = useContractMutation(repeatPipelineRun, {
    invalidates: [listPipelineRuns],
    onDone: (made) => router.history.push(runHref(project, made)),
  })
  useVolatile('step.state', (message) => {
    if ((message as { run?: string }).run === run.id) onChanged()
  })
  useVolatile('step.progress', (message) => {
    const told = message as { run?: string; step?: string; done?: number; total?: number }
    if (told.run === run.id && told.step && told.total)
      setProgress((before) => ({ ...before, [told.step ?? '']: (told.done ?? 0) / (told.total ?? 1) }))
  })
  const failed = run.steps.find((step) => step.state === 'failed' || step.state === 'rejected')
  const chosen =
    run.steps.find((step) => step.name === view.step) ??
    failed ??
    run.steps.find((step) => ['running', 'waiting'].includes(step.state)) ??
    run.steps.at(-1)
  const cause = run.cause.refs.map((ref) => parseUrn(ref.urn)).find((entity) => entity !== undefined)
  return (
    <>
      <PageHeader
        kind="pipeline"
        title={run.pipeline}
        version={run.version}
        state={runState(run)}
        note={`run ${run.id.slice(-6)}`}
        actions={
          live ? (
            <Button
              look="danger"
              pending={cancel.isPending}
              onClick={() => cancel.mutate({ params: { project, run: run.id } })}
            >
              Cancel run
            </Button>
          ) : (
            <Button
              pending={repeat.isPending}
              onClick={() => repeat.mutate({ params: { project, run: run.id }, body: {} })}
            >
              Repeat
            </Button>
          )
        }
      />
      <Facts
        facts={[
          {
            label: 'Why it ran',
            value: cause ? (
              <EntityLink kind={cause.kind} name={cause.name} id={cause.id} version={cause.version} look="bare">
                {run.cause.summary}
              </EntityLink>
            ) : (
              run.cause.summary
            ),
          },
          { label: 'Event time', value: <Time at={run.asOf} clock="event" /> },
          {
            label: 'Started',
            value: (
              <>
                <Time at={run.startedAt ?? run.createdAt} /> by <Person name={run.startedByName} id={run.startedBy} />
              </>
            ),
          },
          {
            label: 'Took',
            value: (
              <Duration
                ms={run.startedAt === null ? null : (run.finishedAt ?? Math.max(now, run.startedAt)) - run.startedAt}
              />
            ),
          },
          {
            label: 'Steps',
            value: Object.entries(run.stepCounts)
              .map(([state, count]) => `${count} ${state}`)
              .join(', '),
          },
        ]}
      />
      {run.reason !== null && <OutcomeClaim run={run} reason={run.reason} />}
      <div className="mt-12" />
      <Graph
        label={`Steps of run ${run.id.slice(-6)}`}
        maxHeight={240}
        onSelect={(step) => setView({ step })}
        nodes={run.steps.map((step) => ({
          id: step.name,
          name: step.name,
          fact:
            step.state === 'cached' ? `cached, from ${step.cache?.run?.id.slice(-6) ?? 'an earlier run'}` : step.kind,
          state: stepState(step),
          focus: step.name === chosen?.name,
          progress:
            step.state === 'running'
              ? (progress[step.name] ?? (step.progress ? step.progress.done / step.progress.total : undefined))
              : undefined,
          tookMs: step.startedAt !== null && step.finishedAt !== null ? step.finishedAt - step.startedAt : undefined,
        }))}
        edges={run.steps.flatMap((step) =>
          step.needs.map((need) => ({ from: need, to: step.name, cached: step.state === 'cached' })),
        )}
      />
      <Section title="Time" note="waiting as a thin line, cached as a tick">
        <Gantt
          label="When each step ran"
          now={live ? now : undefined}
          selected={chosen?.name}
          onSelect={(step) => setView({ step })}
          rows={run.steps.map((step) => ({
            id: step.name,
            name: step.name,
            state: stepState(step),
            queuedAt: step.queuedAt ?? undefined,
            startedAt: step.startedAt ?? undefined,
            endedAt: step.finishedAt ?? undefined,
            note: step.state === 'cached' ? `from run ${step.cache?.run?.id.slice(-6) ?? ''}` : undefined,
          }))}
        />
      </Section>
      {chosen && (
        <StepPanel
          project={project}
          run={run}
          step={chosen}
          tab={view.tab}
          onTab={(tab) => setView({ tab: tab as typeof view.tab })}
        />
      )}
    </>
  )
}

/** Why the run ended as it did: the cause, then where, then what did not happen because of it. */
function OutcomeClaim({ run, reason }: { readonly run: PipelineRun; readonly reason: string }) {
  const { step, cause } = outcomeOf(reason)
  if (step === undefined) return <Claim>{cause}</Claim>
  const skipped = skippedWords(run.steps)
  return (
    <Claim>
      <b>{cause.replace(/[.\s]+$/, '')}</b> in the step {step}
      {skipped === '' ? '.' : `, so ${skipped}`}
    </Claim>
  )
}

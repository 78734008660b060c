import type { PipelineRunSummary } from '@trivium/contract'
import { AppLink } from '../../ui/app-link.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { Duration } from '../../ui/duration.tsx'
import { Person } from '../../ui/person.tsx'
import { State } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'
import { outcomeLine } from './outcome-words.ts'
import { runState } from './run-state.ts'

interface RunsTableProps {
  readonly project: string
  readonly runs: readonly PipelineRunSummary[]
  /** Names the pipeline in each row. */
  readonly withPipeline?: boolean
}

/** Where a run's page is. */
export function runHref(project: string, run: Pick<PipelineRunSummary, 'pipeline' | 'id'>): string {
  return `/p/${encodeURIComponent(project)}/pipelines/${encodeURIComponent(run.pipeline)}/runs/${run.id}`
}

/** Runs, newest first: state, why it ran, how long it took. */
export function RunsTable({ project, runs, withPipeline = false }: RunsTableProps) {
  return (
    <DataTable
      label="Runs"
      rows={runs}
      rowKey={(run) => run.id}
      rowHref={(run) => runHref(project, run)}
      columns={[
        {
          id: 'state',
          head: 'Run',
          sticky: true,
          cell: (run) => (
            <AppLink className="m" href={runHref(project, run)}>
              <State kind={runState(run).kind}>{runState(run).word}</State>
            </AppLink>
          ),
        },
        ...(withPipeline
          ? [{ id: 'pipeline', head: 'Pipeline', cell: (run: PipelineRunSummary) => run.pipeline }]
          : []),
        {
          id: 'cause',
          head: 'What came of it, why it ran',
          cut: true,
          cell: (run) => {
            const outcome = run.reason === null ? '' : outcomeLine(run.reason)
            return (
              <span title={`${outcome} ${run.cause.summary}`.trim()}>
                {outcome} <span className="t2">{run.cause.summary}</span>
              </span>
            )
          },
        },
        { id: 'asof', head: 'Event time', align: 'right', cell: (run) => <Time at={run.asOf} clock="event" /> },
        { id: 'by', head: 'By', cell: (run) => <Person name={run.startedByName} id={run.startedBy} /> },
        {
          id: 'took',
          head: 'Took',
          align: 'right',
          cell: (run) => (
            <Duration ms={run.startedAt === null ? null : (run.finishedAt ?? Date.now()) - run.startedAt} />
          ),
        },
        { id: 'age', head: 'Started', align: 'right', cell: (run) => <Time at={run.createdAt} show="age" /> },
      ]}
    />
  )
}

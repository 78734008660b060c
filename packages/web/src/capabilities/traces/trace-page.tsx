import { getExperiment, getTrace, type TraceAssessment, type TraceDetail } from '@trivium/contract'
import { Gantt } from '../../charts/gantt.tsx'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { text, useSearchState } from '../../shell/search-state.ts'
import { usePageParams } from '../../shell/use-page-params.ts'
import { DataTable } from '../../ui/data-table.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { Facts } from '../../ui/facts.tsx'
import { formatPlural } from '../../ui/format-number.ts'
import { formatDuration } from '../../ui/format-time.ts'
import { Hash } from '../../ui/hash.tsx'
import { PageHeader } from '../../ui/page-header.tsx'
import { Section } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'
import { ParamTable } from '../tracking/run-facts-tables.tsx'
import { SpanPanel } from './span-panel.tsx'
import { spanOrder } from './span-order.ts'
import { spanState, traceState } from './trace-state.ts'

const shape = { span: text() }
const indent = '\u00A0\u00A0\u00A0'
const mostDrawn = 500

/** One trace: its steps over time, what each was asked and answered, and what people say of it. */
export function Page() {
  const { project, trace } = usePageParams<'trace'>()
  const query = useContractQuery(getTrace, { params: { project, trace } })
  return (
    <QueryView query={query} what="the trace" shape="facts" permission="run:read">
      {(data) => <TraceView project={project} detail={data} />}
    </QueryView>
  )
}

function TraceView({ project, detail: { trace, spans } }: { readonly project: string; readonly detail: TraceDetail }) {
  const [view, setView] = useSearchState(shape)
  const experiment = useContractQuery(getExperiment, { params: { project, experiment: trace.experimentId } })
  const placed = spanOrder(spans)
  const chosen =
    spans.find((span) => span.id === view.span) ?? spans.find((span) => span.status === 'ERROR') ?? placed[0]?.span
  const begin = spans.reduce((least, span) => Math.min(least, span.startUs), Number.MAX_SAFE_INTEGER)
  const own = (pairs: Readonly<Record<string, string>>) =>
    Object.entries(pairs).filter(([key]) => !key.startsWith('mlflow.'))
  return (
    <>
      <PageHeader title={trace.name || trace.id} state={traceState(trace.state)} />
      <Facts
        facts={[
          { label: 'Began', value: <Time at={trace.startedAt} /> },
          { label: 'Took', value: trace.durationMs === null ? '–' : formatDuration(trace.durationMs) },
          { label: 'Steps', value: formatPlural(spans.length, 'span') },
          {
            label: 'Experiment',
            value: <EntityLink kind="experiment" name={experiment.data?.name ?? trace.experimentId} look="bare" />,
          },
          trace.run !== null && {
            label: 'Run',
            value: <EntityLink kind="run" name={trace.run.slice(0, 8)} id={trace.run} look="bare" />,
          },
          trace.clientRequestId !== null && {
            label: "Caller's id",
            value: <span className="mono">{trace.clientRequestId}</span>,
          },
          { label: 'Id', value: <Hash value={trace.id} /> },
        ]}
      />
      <Section title="Steps" note={spans.length > mostDrawn ? `the first ${mostDrawn}` : 'choose one to read it'}>
        {spans.length === 0 ? (
          <p className="t2">No span has arrived yet. They are sent when a step ends.</p>
        ) : (
          <Gantt
            label={`Steps of ${trace.name || trace.id}`}
            selected={chosen?.id}
            onSelect={(span) => setView({ span })}
            rows={placed.slice(0, mostDrawn).map(({ span, depth }) => ({
              id: span.id,
              name: `${indent.repeat(Math.min(depth, 8))}${span.name}`,
              state: spanState(span.status),
              startedAt: (span.startUs - begin) / 1000,
              endedAt: ((span.endUs ?? span.startUs) - begin) / 1000,
              note: span.endUs === null ? 'has not ended' : formatDuration((span.endUs - span.startUs) / 1000),
            }))}
          />
        )}
      </Section>
      {chosen && <SpanPanel key={chosen.id} span={chosen} begin={begin} />}
      {trace.assessments.length > 0 && <Assessments rows={trace.assessments} />}
      <Section title="Tags">
        <ParamTable label="Tags" values={own(trace.tags)} />
      </Section>
      {own(trace.metadata).length > 0 && (
        <Section title="Metadata">
          <ParamTable label="Metadata" values={own(trace.metadata)} />
        </Section>
      )}
    </>
  )
}

function Assessments({ rows }: { readonly rows: readonly TraceAssessment[] }) {
  return (
    <Section title="Said of it" note="feedback, and what was expected">
      <DataTable
        label="Assessments"
        keys={false}
        rows={rows}
        rowKey={(row) => row.id}
        tone={(row) => (row.valid ? undefined : 'faint')}
        columns={[
          { id: 'name', head: 'Name', cell: (row) => row.name },
          { id: 'kind', head: 'Kind', cell: (row) => row.kind },
          {
            id: 'value',
            head: 'Value',
            cell: (row) =>
              row.error === null ? (
                <div className="sentence-cell mono">
                  {typeof row.value === 'string' ? row.value : JSON.stringify(row.value)}
                </div>
              ) : (
                <State kind="bad">{row.error}</State>
              ),
          },
          {
            id: 'why',
            head: 'Reason',
            from: 700,
            cell: (row) => <div className="sentence-cell">{row.rationale ?? '–'}</div>,
          },
          { id: 'by', head: 'By', cell: (row) => `${row.source}${row.valid ? '' : ', overridden'}` },
          { id: 'at', head: 'When', align: 'right', cell: (row) => <Time at={row.updatedAt} show="age" /> },
        ]}
      />
    </Section>
  )
}

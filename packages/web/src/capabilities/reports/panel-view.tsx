import { type PanelData, parsePanel, readReportPanel } from '@trivium/contract'
import { importanceColumns } from '../../charts/importance-columns.tsx'
import { seriesOrder } from '../../charts/chart-types.ts'
import { Parallel } from '../../charts/parallel.tsx'
import { Scatter } from '../../charts/scatter.tsx'
import { TimeSeries } from '../../charts/time-series.tsx'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { formatCount } from '../../ui/format-number.ts'
import { Markdown } from '../../ui/markdown.tsx'
import { Note } from '../../ui/section.tsx'
import { Time } from '../../ui/time.tsx'
import { formatValue, Value } from '../../ui/value.tsx'
import { BaselineJudgements } from '../exploration/baseline-judgements.tsx'

/** A panel of a report, read now; a wrong one says what is wrong with it. */
export function PanelView({ project, text }: { readonly project: string; readonly text: string }) {
  const read = parsePanel(text)
  const wrong = 'error' in read
  const query = useContractQuery(
    readReportPanel,
    { params: { project }, query: { panel: text } },
    { enabled: !wrong, keep: true },
  )
  if (wrong)
    return (
      <Note tone="warn">
        <b>This panel cannot be read.</b> {read.error}
      </Note>
    )
  const { panel } = read
  return (
    <div className="report-panel">
      <QueryView query={query} what="this panel" shape="chart" permission="run:read">
        {(data) => <PanelBody project={project} title={panel.title} data={data} />}
      </QueryView>
    </div>
  )
}

const keyOf = (id: string) => id.replace(/^(metrics|params|tags)\./, '')
const shownOf = (shown: number, total: number) =>
  shown < total ? `${formatCount(shown)} of ${formatCount(total)} runs` : `${formatCount(shown)} runs`
const nothing = <p className="t3">No run matches.</p>

interface PanelBodyProps {
  readonly project: string
  readonly title: string
  readonly data: PanelData
}

function PanelBody({ project, title, data }: PanelBodyProps) {
  switch (data.kind) {
    case 'table':
      return (
        <>
          {title && <p className="chart-title">{title}</p>}
          <DataTable
            label={title || 'Runs'}
            density="compact"
            keys={false}
            rows={data.rows}
            rowKey={(row) => row.id}
            columns={[
              {
                id: 'run',
                head: 'Run',
                cell: (row) => <EntityLink kind="run" name={row.name} id={row.id} look="name" strong />,
              },
              ...data.columns.map((id, at) => ({
                id,
                head: keyOf(id),
                align: data.rows.every((row) => typeof row.values[at] !== 'string')
                  ? ('right' as const)
                  : ('left' as const),
                cell: (row: (typeof data.rows)[number]) => <Cell value={row.values[at]} />,
              })),
            ]}
            foot={shownOf(data.rows.length, data.total)}
          />
        </>
      )
    case 'curves':
      return data.charts.map((chart) => (
        <TimeSeries
          key={chart.metric}
          title={title === '' ? chart.metric : title}
          how={`${chart.metric} by step, ${shownOf(chart.series.length, data.total)}`}
          x="number"
          height={190}
          syncKey="report"
          series={chart.series.map((one, at) => ({
            id: one.id,
            label: one.name.length > 20 ? `${one.name.slice(0, 18)}…` : one.name,
            color: seriesOrder[at] ?? 'base',
            points: one.points.map(({ step, value }) => ({ x: step, y: value })),
          }))}
        />
      ))
    case 'scatter':
      return data.points.length === 0 ? (
        nothing
      ) : (
        <Scatter
          title={title || keyOf(data.y)}
          how={`against ${keyOf(data.x)}, ${shownOf(data.points.length, data.total)}`}
          names={{ x: keyOf(data.x), y: keyOf(data.y) }}
          points={data.points.map((point) => ({ ...point, label: point.name }))}
        />
      )
    case 'parallel':
      return data.lines.length === 0 ? (
        nothing
      ) : (
        <Parallel
          title={title || 'Parallel coordinates'}
          how={`a line a run, ${shownOf(data.lines.length, data.total)}`}
          axes={data.axes.map(keyOf)}
          colorBy={data.axes.length - 1}
          lines={data.lines.map((line) => ({
            id: line.id,
            label: line.name,
            values: line.values.map((value) => value ?? undefined),
          }))}
        />
      )
    case 'importance':
      return data.explained === null ? (
        <p className="t2">{data.reason ?? 'Cannot judge yet.'}</p>
      ) : (
        <DataTable
          label={title || `What explains ${data.metric}`}
          density="compact"
          keys={false}
          rows={data.factors}
          rowKey={(one) => one.name}
          columns={[
            { id: 'name', head: `What explains ${data.metric}`, cell: (one) => one.name },
            ...importanceColumns(data.factors),
          ]}
          foot={`over ${formatCount(data.runs)} finished runs; it goes with the metric, it need not cause it`}
        />
      )
    case 'number':
      return (
        <p>
          <span className="t2">{title || data.label} </span>
          <b style={{ fontSize: 20 }}>{data.value === null ? '–' : <Value value={data.value} />}</b>
          {data.low !== null && data.high !== null && (
            <span className="t3 sm">{` ${formatValue(data.low)} to ${formatValue(data.high)}, 95 %, n = ${formatCount(data.n)}`}</span>
          )}{' '}
          {data.run && <EntityLink kind="run" name={data.run.name} id={data.run.id} look="bare" />}
        </p>
      )
    case 'baselines':
      return data.runs.length === 0 ? (
        nothing
      ) : data.judgements.length === 0 ? (
        <p className="t3">There is no published baseline of these runs' experiment and metrics in use.</p>
      ) : (
        <>
          {title && <p className="chart-title">{title}</p>}
          <BaselineJudgements project={project} {...data} without="spread" />
        </>
      )
    case 'notes':
      return data.notes.length === 0 ? (
        <p className="t3">No note of these runs was confirmed yet.</p>
      ) : (
        data.notes.map((note) => (
          <Note key={`${note.id}-${note.at}`}>
            <Markdown text={note.text} top={4} />
            <p className="t3 sm mt-4">
              <EntityLink kind="run" name={note.name} id={note.id} look="bare" />
              {` confirmed by ${note.byName}, `}
              <Time at={note.at} />
            </p>
          </Note>
        ))
      )
  }
}

function Cell({ value }: { readonly value: number | string | null | undefined }) {
  if (value === null || value === undefined || value === '') return <span className="t3">–</span>
  return typeof value === 'number' ? <Value value={value} /> : <>{value}</>
}

import type { Baseline, RunRow } from '@trivium/contract'
import type { ReactNode } from 'react'
import { type SeriesColor, seriesStroke } from '../../charts/chart-types.ts'
import { Sparkline } from '../../charts/sparkline.tsx'
import { AppLink } from '../../ui/app-link.tsx'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { entityUrl } from '../../ui/entity-url.ts'
import { formatDuration } from '../../ui/format-time.ts'
import { LiveCell } from '../../ui/live-cell.tsx'
import { StateGlyph } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'
import { formatValue, Value } from '../../ui/value.tsx'
import { useNow } from '../../ui/environment.tsx'
import { baselineHref, spreadWords } from '../exploration/baseline-words.ts'
import { parseColumn } from './run-keys.ts'
import { runStatus } from './run-status.ts'

interface RunTableProps {
  readonly project: string
  readonly label: string
  readonly runs: readonly RunRow[]
  /** Ids such as `metrics.auc`. */
  readonly columns: readonly string[]
  readonly sort: string
  readonly onSort: (sort: string) => void
  readonly selection: ReadonlySet<string>
  readonly onSelection: (selection: ReadonlySet<string>) => void
  readonly foot: ReactNode
  /** A column of small curves of one metric, on one scale. */
  readonly sparks?:
    | { readonly metric: string; readonly of: ReadonlyMap<string, readonly (number | null)[]> }
    | undefined
  /** The colour that a run has in the charts of the page. */
  readonly colors?: ReadonlyMap<string, SeriesColor> | undefined
  /** On top whatever the sort; the baseline is one of them. */
  readonly pinned?: readonly RunRow[]
  /** The run from which every row's metrics differ by what stands beside them. */
  readonly baseline?: RunRow | undefined
  /** Published results: above the pinned runs, without differences, because one number has no interval. */
  readonly published?: readonly Baseline[]
  readonly onEnd?: (() => void) | undefined
}

/** Runs with the chosen metrics, parameters and tags; the server sorts. */
export function RunTable({
  project,
  label,
  runs,
  columns,
  sort,
  onSort,
  selection,
  onSelection,
  foot,
  sparks,
  colors,
  pinned = [],
  baseline,
  published = [],
  onEnd,
}: RunTableProps) {
  const publishedOf = (run: RunRow) => published.find((one) => one.id === run.id)
  const now = useNow()
  const marks = (colors?.size ?? 0) > 0
  const cellsOf = (id: string): Column<RunRow>[] => {
    const column = parseColumn(id)
    if (!column) return []
    const { group, key } = column
    if (group === 'metrics')
      return [
        {
          id,
          head: key,
          align: 'right',
          sortable: true,
          cell: (run) => {
            const value = run.metrics[key]
            if (value === undefined) return <span className="t3">–</span>
            if (value === null) return <span className="t3">NaN</span>
            const told = publishedOf(run)
            if (told)
              return (
                <span className="nowrap">
                  <Value value={value} /> <span className="t3 sm">{spreadWords(told.spread)}</span>
                </span>
              )
            const base = run.id === baseline?.id ? undefined : baseline?.metrics[key]
            const shown = <Value value={value} />
            return (
              <span className="nowrap">
                {run.status === 'RUNNING' ? <LiveCell value={value}>{shown}</LiveCell> : shown}
                {typeof base === 'number' && <span className="ci"> {signedText(value - base)}</span>}
              </span>
            )
          },
        },
      ]
    return [
      {
        id,
        head: key,
        align: runs.every((run) => isNumeric(run[group][key])) ? 'right' : 'left',
        sortable: true,
        cell: (run) => <KeptText text={run[group][key]} />,
      },
    ]
  }
  const metricIds = columns.filter((id) => parseColumn(id)?.group === 'metrics')
  const domain = sparks && domainOf(sparks.of)
  return (
    <DataTable
      label={label}
      rows={runs}
      rowKey={(run) => run.id}
      rowHref={(run) => entityUrl({ kind: 'run', name: run.name, id: run.id }, project)}
      sort={sort}
      onSortChange={onSort}
      selection={selection}
      onSelectionChange={onSelection}
      pinned={[...published.map(publishedRow), ...pinned]}
      canSelect={(run) => publishedOf(run) === undefined}
      onEnd={onEnd}
      columns={[
        {
          id: 'attributes.run_name',
          head: <span style={{ paddingLeft: 18 }}>Run</span>,
          sticky: true,
          sortable: true,
          cell: (run) =>
            publishedOf(run) ? (
              <span className="row" style={{ paddingLeft: 18 }}>
                <AppLink className="link b" href={baselineHref(project, run.id)}>
                  {run.name}
                </AppLink>
                <span className="t3 sm">published</span>
              </span>
            ) : (
              <span className="row">
                <StateGlyph kind={runStatus(run).kind} label={runStatus(run).word} />
                {marks && (
                  <svg width="9" height="9" aria-hidden style={{ flex: 'none' }}>
                    {colors?.has(run.id) && (
                      <rect width="9" height="9" fill={seriesStroke(colors.get(run.id) ?? 'base')} />
                    )}
                  </svg>
                )}
                <EntityLink kind="run" name={run.name} id={run.id} look="name" strong />
                {run.parent !== null && <span className="t3 sm">nested</span>}
                {run.id === baseline?.id && <span className="t3 sm">baseline</span>}
                {pinned.includes(run) && run.experimentId !== runs[0]?.experimentId && (
                  <span className="t3 sm">of {run.experiment}</span>
                )}
              </span>
            ),
        },
        ...metricIds.flatMap(cellsOf),
        ...(sparks && sparks.of.size > 0
          ? [
              {
                id: 'curve',
                head: `${sparks.metric}, by step`,
                width: '104px',
                cell: (run: RunRow) => (
                  <Sparkline
                    values={sparks.of.get(run.id) ?? []}
                    color={colors?.get(run.id) ?? 'base'}
                    domain={domain}
                  />
                ),
              },
            ]
          : []),
        ...columns.filter((id) => !metricIds.includes(id)).flatMap(cellsOf),
        {
          id: 'user',
          head: 'By',
          cell: (run) => <span className="t2">{run.user || '–'}</span>,
        },
        {
          id: 'took',
          head: 'Took',
          align: 'right',
          cell: (run) =>
            run.startedAt === null ? (
              <span className="t3">–</span>
            ) : (
              formatDuration(
                Math.max(0, (run.endedAt ?? (run.status === 'RUNNING' ? now : run.startedAt)) - run.startedAt),
              )
            ),
        },
        {
          id: 'start_time',
          head: 'Age',
          align: 'right',
          sortable: true,
          cell: (run) => <Time at={run.startedAt} show="age" />,
        },
      ]}
      foot={foot}
    />
  )
}

/** A published result as a row of the table: its metric and its parameters. */
function publishedRow({ id, name, metric, value, params, experiment }: Baseline): RunRow {
  return {
    id,
    urn: '',
    name,
    experimentId: experiment,
    experiment: '',
    status: 'FINISHED',
    lifecycle: 'active',
    archivedAt: null,
    archivedBecause: null,
    user: '',
    startedAt: null,
    endedAt: null,
    parent: null,
    pipelineRun: null,
    metrics: { [metric]: value },
    params,
    tags: {},
  }
}

/** A difference with its sign, a real minus. */
const signedText = (value: number): string =>
  `${value > 0 ? '+' : value < 0 ? '−' : '±'}${formatValue(Math.abs(value))}`

const isNumeric = (value: string | undefined) => value === undefined || /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(value)

/** A parameter or tag; a long one is cut in the middle and shown whole on hover. */
function KeptText({ text }: { readonly text: string | undefined }) {
  if (text === undefined || text === '') return <span className="t3">–</span>
  if (text.length <= 28) return <span className="nowrap">{text}</span>
  return (
    <span className="nowrap" title={text}>
      {text.slice(0, 15)}…{text.slice(-10)}
    </span>
  )
}

/** One scale for the column, so that curves compare. */
function domainOf(curves: ReadonlyMap<string, readonly (number | null)[]>): [number, number] | undefined {
  const all = [...curves.values()].flat().filter((n): n is number => n !== null && Number.isFinite(n))
  return all.length === 0 ? undefined : [Math.min(...all), Math.max(...all)]
}

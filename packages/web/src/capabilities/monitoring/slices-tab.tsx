import { getMonitorWindow, getSliceSeries } from '@trivium/contract'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { Section } from '../../ui/section.tsx'
import { StateGlyph } from '../../ui/state.tsx'
import { TimeRange } from '../../ui/time.tsx'
import { Value } from '../../ui/value.tsx'
import { SliceName } from './slice-name.tsx'

interface SlicesTabProps {
  readonly project: string
  readonly monitor: string
  /** Beginning of a window; the newest with labels unless given. */
  readonly window: number | undefined
}

/** The metrics of one window, whole and slice by slice, and how far a new release is from its evaluation. */
export function SlicesTab({ project, monitor, window }: SlicesTabProps) {
  const series = useContractQuery(getSliceSeries, { params: { project, monitor }, query: {} })
  return (
    <QueryView query={series} what="the slices" permission="monitor:read">
      {({ slices }) => {
        const points = slices[0]?.points ?? []
        const chosen = points.find(({ start }) => start === window) ?? points.findLast(({ labelled }) => labelled > 0)
        const shown = chosen ?? points.at(-1)
        if (!shown)
          return <p className="t2">No window has been measured yet, or the monitor has no performance policy.</p>
        const rows = slices.flatMap(({ by, value, points: own }) =>
          own.filter(({ start }) => start === shown.start).map((point) => ({ by, value, ...point })),
        )
        return (
          <>
            <OfflineGaps project={project} monitor={monitor} starts={startsOf(points)} />
            <Section title="Metrics by slice" note={<TimeRange from={shown.start} to={shown.end - 1} />}>
              <DataTable
                label="Metrics by slice"
                rows={rows}
                rowKey={(row) => `${row.by}:${row.value}`}
                keys={false}
                columns={[
                  {
                    id: 'slice',
                    head: 'Slice',
                    sticky: true,
                    cell: (row) => (
                      <>
                        <SliceName by={row.by} value={row.value} />
                        {row.rare && <span className="t3"> rare</span>}
                      </>
                    ),
                  },
                  {
                    id: 'predicted',
                    head: 'Predicted',
                    align: 'right',
                    cell: (row) => <Value value={row.predicted} form="count" />,
                  },
                  {
                    id: 'coverage',
                    head: 'Labelled',
                    unit: '%',
                    align: 'right',
                    cell: (row) => <Value value={row.coverage} form="share" />,
                  },
                  ...Object.keys(shown.values).map((name) => ({
                    id: name,
                    head: name.replaceAll('-', ' '),
                    align: 'right' as const,
                    cell: (row: (typeof rows)[number]) => <Value value={row.values[name] ?? null} decimals={3} />,
                  })),
                ]}
              />
              {rows.length === 1 && (
                <p className="t2 prose">
                  Name inputs under <span className="mono">performance.slices</span> of the monitor to see them apart.
                </p>
              )}
            </Section>
          </>
        )
      }}
    </QueryView>
  )
}

/** Windows of the newest release, oldest first: one of the first was held against the evaluation. */
const startsOf = (points: readonly { readonly release: string | null; readonly start: number }[]): number[] =>
  points.filter(({ release }) => release !== null && release === points.at(-1)?.release).map(({ start }) => start)

/** What was called out when the release was new; read off its first windows until one has it. */
function OfflineGaps({
  project,
  monitor,
  starts,
}: {
  readonly project: string
  readonly monitor: string
  readonly starts: readonly number[]
}) {
  return starts.length === 0 ? null : <GapOf project={project} monitor={monitor} starts={starts.slice(0, 6)} />
}

function GapOf({
  project,
  monitor,
  starts: [start = 0, ...later],
}: {
  readonly project: string
  readonly monitor: string
  readonly starts: readonly number[]
}) {
  const window = useContractQuery(getMonitorWindow, { params: { project, monitor, start } })
  const gaps = window.data?.details?.offline
  if (!window.data) return null
  if (!gaps) return later.length === 0 ? null : <GapOf project={project} monitor={monitor} starts={later} />
  return (
    <Section
      title="Life against evaluation"
      note={
        <>
          version {window.data.version}, its first judged window{' '}
          <TimeRange from={window.data.start} to={window.data.end - 1} />
        </>
      }
    >
      <ul className="stack gap-8">
        {gaps.map((gap) => (
          <li key={gap.metric} className="row">
            <StateGlyph
              kind={gap.verdict === 'large' ? 'bad' : gap.verdict === 'small' ? 'ok' : 'none'}
              label={`${gap.verdict} gap`}
            />
            <span className="grow">{gap.reason}</span>
          </li>
        ))}
      </ul>
    </Section>
  )
}

import type { RunComparison, RunJudgement } from '@trivium/contract'
import { Forest, forestDomain } from '../../charts/forest.tsx'
import { type Column, DataTable } from '../../ui/data-table.tsx'
import { decimalsFor, formatNumber, formatP } from '../../ui/format-number.ts'
import { Difference, Value } from '../../ui/value.tsx'
import { Verdict } from '../../ui/verdict.tsx'
import { runColor } from './run-curves.tsx'
import { RunMark } from './run-mark.tsx'

type Metric = RunComparison['metrics'][number]

interface CompareMetricsProps {
  readonly comparison: RunComparison
  readonly onDirection: (key: string, direction: 'higher' | 'lower' | undefined) => void
}

/** Metrics of the compared runs: values or means of repeats, differences from the baseline with intervals, and verdicts. */
export function CompareMetrics({ comparison, onDirection }: CompareMetricsProps) {
  const { runs, metrics, comparisons } = comparison
  if (metrics.length === 0) return <p className="t2 mt-4">None of them has a metric.</p>
  const base = runs[0]?.id
  const reasons = new Set(metrics.flatMap(({ judgements }) => judgements.flatMap((one) => (one ? [one.reason] : []))))
  return (
    <DataTable
      label="Metrics"
      density="compact"
      keys={false}
      rows={metrics}
      rowKey={(metric) => metric.key}
      columns={[
        {
          id: 'key',
          head: 'Metric',
          sticky: true,
          cell: (metric: Metric) => <span className="mono">{metric.key}</span>,
        },
        {
          id: 'direction',
          head: 'Better is',
          cell: (metric) => (
            <select
              aria-label={`Which way ${metric.key} is better`}
              className={metric.direction === null ? undefined : 't2'}
              style={{ border: 0, background: 'transparent', padding: 0, marginLeft: -4 }}
              value={metric.direction?.split('-')[0] ?? ''}
              onChange={(event) => onDirection(metric.key, event.target.value as 'higher' | 'lower')}
            >
              {metric.direction === null && <option value="">not known</option>}
              <option value="higher">more</option>
              <option value="lower">less</option>
            </select>
          ),
        },
        ...runs.flatMap((run, index): Column<Metric>[] => [
          {
            id: run.id,
            head: (
              <span className="row" style={{ display: 'inline-flex' }}>
                <RunMark index={index} id={run.id} base={base} />
                {run.name}
              </span>
            ),
            align: 'right',
            cell: (metric) => <MetricValue metric={metric} index={index} />,
          },
          ...(index === 0
            ? []
            : [
                {
                  id: `${run.id}-difference`,
                  head: 'Difference',
                  align: 'right' as const,
                  cell: (metric: Metric) => <MetricDifference metric={metric} index={index} />,
                },
                ...(comparisons > 0
                  ? [
                      {
                        id: `${run.id}-interval`,
                        head: '95 % interval',
                        cell: (metric: Metric) => {
                          const judged = metric.judgements[index]
                          if (!judged || judged.low === null) return <span className="t3">–</span>
                          const domain = forestDomain(
                            metric.judgements.flatMap((one) => (one ? [{ value: one.difference, ...one }] : [])),
                            0,
                          )
                          return (
                            <Forest
                              value={judged.difference}
                              low={judged.low}
                              high={judged.high}
                              domain={domain}
                              reference={0}
                              color={runColor(index, run.id, base)}
                            />
                          )
                        },
                      },
                      {
                        id: `${run.id}-p`,
                        head: 'p',
                        align: 'right' as const,
                        cell: (metric: Metric) => {
                          const p = metric.judgements[index]?.p
                          return <span className="t2">{p === null || p === undefined ? '–' : formatP(p)}</span>
                        },
                      },
                    ]
                  : []),
                {
                  id: `${run.id}-verdict`,
                  head: 'Verdict',
                  cell: (metric: Metric) => (
                    <JudgementView judged={metric.judgements[index] ?? null} reason={reasons.size > 1} />
                  ),
                },
              ]),
        ]),
      ]}
    />
  )
}

function JudgementView({ judged, reason }: { readonly judged: RunJudgement | null; readonly reason: boolean }) {
  if (!judged) return <span className="t3">–</span>
  return (
    <span title={judged.reason}>
      <Verdict verdict={judged.verdict}>{reason && judged.verdict === 'cannot judge yet' && judged.reason}</Verdict>
    </span>
  )
}

/** The mean of repeats with their standard deviation; a single run's last value. */
function MetricValue({ metric, index }: { readonly metric: Metric; readonly index: number }) {
  const repeats = metric.repeats[index]
  if (!repeats || repeats.n < 2 || repeats.mean === null || repeats.sd === null)
    return (
      <>
        <Value value={metric.values[index]?.last} />
        {metric.values[index]?.recovered !== undefined && <span className="t2 sm"> recovered</span>}
      </>
    )
  const places = decimalsFor(repeats.sd)
  return (
    <span className="value nowrap">
      {formatNumber(repeats.mean, places)}
      <span className="ci"> sd {formatNumber(repeats.sd, places)}</span>
    </span>
  )
}

/** The difference of the means, where there are repeats; else of the two last values, in grey because it is one pair. */
function MetricDifference({ metric, index }: { readonly metric: Metric; readonly index: number }) {
  const judged = metric.judgements[index]
  if (judged && judged.difference !== null && judged.low !== null && judged.high !== null)
    return <Difference value={judged.difference} decimals={decimalsFor((judged.high - judged.low) / 2)} />
  const [before, after] = [metric.values[0]?.last, metric.values[index]?.last]
  return typeof before === 'number' && typeof after === 'number' ? (
    <span className="t3">
      <Difference value={after - before} />
    </span>
  ) : (
    <span className="t3">–</span>
  )
}

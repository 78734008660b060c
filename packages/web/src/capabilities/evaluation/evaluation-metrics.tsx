import type { Evaluation, EvaluatedMetric, MetricEstimate } from '@trivium/contract'
import { Forest, forestDomain } from '../../charts/forest.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { Difference, Interval } from '../../ui/value.tsx'
import { Verdict, type VerdictWord } from '../../ui/verdict.tsx'
import { measureTitle } from '../monitoring/measure-words.ts'
import { ComparisonVerdictView } from './comparison-verdict.tsx'

interface MetricRow extends EvaluatedMetric {
  readonly champion: MetricEstimate | null
  readonly difference: MetricEstimate | null
  /** The metric that the verdict stands on. */
  readonly judged: boolean
}

/** Every metric of the candidate, beside the champion where there is one; the judged one first. */
export function EvaluationMetrics({ evaluation }: { readonly evaluation: Evaluation }) {
  const { comparison } = evaluation
  const rows: MetricRow[] = evaluation.metrics
    .map((metric) => {
      const judged = comparison?.metric === metric.metric
      const other = comparison?.others.find((one) => one.metric === metric.metric)
      return {
        ...metric,
        judged,
        champion: (judged ? comparison?.champion : other?.champion) ?? null,
        difference: (judged ? comparison?.difference : other?.difference) ?? null,
      }
    })
    .toSorted((a, b) => Number(b.judged) - Number(a.judged))
  const compared = rows.some((row) => row.difference !== null)
  return (
    <DataTable
      label="Metrics"
      keys={false}
      rows={rows}
      rowKey={(row) => row.metric}
      columns={[
        {
          id: 'metric',
          head: 'Metric, higher or lower is better',
          cell: (row: MetricRow) => (
            <span className={row.judged ? 'm' : undefined}>
              {measureTitle(row.metric)}{' '}
              <span className="t3 sm">{row.direction === 'higher-is-better' ? 'higher' : 'lower'}</span>
            </span>
          ),
        },
        ...(compared
          ? [
              {
                id: 'champion',
                head: 'Champion',
                align: 'right' as const,
                cell: (row: MetricRow) => (
                  <Interval value={row.champion?.value} low={row.champion?.low} high={row.champion?.high} />
                ),
              },
            ]
          : []),
        {
          id: 'value',
          head: compared ? 'Candidate' : 'Value',
          align: 'right',
          cell: (row) => <Interval value={row.value} low={row.low} high={row.high} strong />,
        },
        ...(compared
          ? [
              {
                id: 'difference',
                head: 'Difference',
                align: 'right' as const,
                cell: (row: MetricRow) => (
                  <Difference value={row.difference?.value} low={row.difference?.low} high={row.difference?.high} />
                ),
              },
              {
                id: 'forest',
                head: 'Its 95 % interval',
                cell: (row: MetricRow) =>
                  row.difference ? (
                    <Forest
                      value={row.difference.value}
                      low={row.difference.low}
                      high={row.difference.high}
                      domain={forestDomain([row.difference], 0)}
                      reference={0}
                      width={150}
                    />
                  ) : (
                    <span className="t3">–</span>
                  ),
              },
              {
                id: 'verdict',
                head: 'Found',
                cell: (row: MetricRow) =>
                  row.judged && comparison ? (
                    <ComparisonVerdictView verdict={comparison.verdict} />
                  ) : (
                    <Verdict verdict={verdictOf(row)} plain>
                      for information
                    </Verdict>
                  ),
              },
            ]
          : []),
      ]}
    />
  )
}

/** Better or worse only where the interval leaves zero out. */
function verdictOf({ difference, direction }: MetricRow): VerdictWord {
  if (difference?.low === null || difference?.low === undefined || difference.high === null) return 'cannot judge yet'
  if (difference.low <= 0 && difference.high >= 0) return 'no clear change'
  return difference.low > 0 === (direction === 'higher-is-better') ? 'better' : 'worse'
}

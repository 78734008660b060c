import type { Baseline, BaselineJudgement } from '@trivium/contract'
import { Forest, forestDomain } from '../../charts/forest.tsx'
import { AppLink } from '../../ui/app-link.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { formatCount, formatP, formatPlural } from '../../ui/format-number.ts'
import { State } from '../../ui/state.tsx'
import { Difference, formatValue, Interval } from '../../ui/value.tsx'
import { Verdict } from '../../ui/verdict.tsx'
import './exploration.css'
import { baselineHref, spreadWords } from './baseline-words.ts'

interface BaselineJudgementsProps {
  readonly project: string
  readonly baselines: readonly Baseline[]
  readonly runs: readonly { readonly id: string; readonly name: string }[]
  readonly judgements: readonly BaselineJudgement[]
  readonly comparisons: number
  /** Leaves out the column that is the same in every row, or that a narrow page has no room for. */
  readonly without?: 'run' | 'baseline' | 'spread'
}

/** Runs beside published values: own mean and published number each with its uncertainty, the difference only with an interval, and what is not comparable. */
export function BaselineJudgements(props: BaselineJudgementsProps) {
  const { project, baselines, runs, judgements, comparisons, without } = props
  const baselineOf = (one: BaselineJudgement) => baselines.find(({ id }) => id === one.baseline)
  const domainOf = (judged: BaselineJudgement) =>
    forestDomain(
      judgements.flatMap((one) =>
        one.difference && baselineOf(one)?.metric === baselineOf(judged)?.metric ? [one.difference] : [],
      ),
      0,
    )
  return (
    <DataTable
      label="Against published baselines"
      density="compact"
      keys={false}
      rows={judgements}
      rowKey={(one) => `${one.baseline} ${one.run}`}
      columns={[
        ...(without === 'run'
          ? []
          : [
              {
                id: 'run',
                head: 'Run',
                cell: (one: BaselineJudgement) => (
                  <EntityLink
                    kind="run"
                    name={runs.find(({ id }) => id === one.run)?.name ?? one.run}
                    id={one.run}
                    look="name"
                  />
                ),
              },
            ]),
        ...(without === 'baseline'
          ? []
          : [
              {
                id: 'baseline',
                head: 'Baseline',
                cell: (one: BaselineJudgement) => (
                  <div className="nowrap">
                    <AppLink className="link" href={baselineHref(project, one.baseline)}>
                      {baselineOf(one)?.name ?? one.baseline}
                    </AppLink>
                    <div className="t3 sm">
                      {baselineOf(one)?.metric}
                      {one.reproduces && ', reproduced'}
                    </div>
                  </div>
                ),
              },
            ]),
        {
          id: 'own',
          head: 'Own mean',
          align: 'right',
          cell: (one) =>
            one.mean === null ? (
              <span className="t3">{one.value === null ? '–' : `${formatValue(one.value)}, not finished`}</span>
            ) : (
              <div className="nowrap">
                <Interval value={one.mean} low={one.low} high={one.high} />
                <div className="t3 sm">{formatPlural(one.n, 'run')}</div>
              </div>
            ),
        },
        {
          id: 'published',
          head: 'Published',
          align: 'right',
          cell: (one) => {
            const found = baselineOf(one)
            return found ? (
              <>
                {formatValue(found.value)}
                <div className="t3 sm">{spreadWords(found.spread)}</div>
              </>
            ) : null
          },
        },
        {
          id: 'difference',
          head: 'Difference',
          align: 'right',
          cell: (one) =>
            one.difference ? (
              <>
                <Difference value={one.difference.value} low={one.difference.low} high={one.difference.high} />
                <div>
                  <Forest
                    value={one.difference.value}
                    low={one.difference.low}
                    high={one.difference.high}
                    domain={domainOf(one)}
                    reference={0}
                  />
                </div>
              </>
            ) : (
              <span className="t3">–</span>
            ),
        },
        {
          id: 'p',
          head: 'p',
          align: 'right',
          cell: (one) => <span className="t2">{one.difference ? formatP(one.difference.p) : '–'}</span>,
        },
        {
          id: 'verdict',
          head: 'Verdict',
          cell: (one) => (
            <div className="reason-cell baseline-reason">
              {one.verdict === 'not comparable' ? (
                <State kind="warn">not comparable</State>
              ) : (
                <Verdict verdict={one.verdict} />
              )}
              <div className="t3 sm">{one.reason}</div>
            </div>
          ),
        },
        ...(without === 'spread'
          ? []
          : [
              {
                id: 'spread',
                head: 'Published spread',
                cell: (one: BaselineJudgement) => (
                  <div className="reason-cell baseline-reason">
                    <Verdict verdict={one.spread.verdict} />
                    <div className="t3 sm">
                      {one.spread.low !== null &&
                        one.spread.high !== null &&
                        `${formatValue(one.spread.low)} to ${formatValue(one.spread.high)}: `}
                      {one.spread.reason}
                    </div>
                  </div>
                ),
              },
            ]),
      ]}
      foot={comparisons > 1 ? `p is corrected for ${formatCount(comparisons)} comparisons (Holm). ${means}` : means}
    />
  )
}

const means = 'Own mean over repeats with other seeds, 95 % interval by Student’s t.'

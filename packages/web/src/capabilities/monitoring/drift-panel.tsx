import { type getDriftHistory, getFeatureDistribution, type ResultOf } from '@trivium/contract'
import type { ChartFlag, ChartSpan } from '../../charts/chart-types.ts'
import { Distribution } from '../../charts/distribution.tsx'
import { SmallMultiples } from '../../charts/small-multiples.tsx'
import { TimeSeries } from '../../charts/time-series.tsx'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { parseUrn } from '../../ui/entity-url.ts'
import { useUiEnvironment } from '../../ui/environment.tsx'
import { formatNumber } from '../../ui/format-number.ts'
import { formatRange } from '../../ui/format-time.ts'
import { measureWord } from './measure-words.ts'
import { flagsWithin, spansWithin } from './watch-marks.ts'

/** Size of the drift of each feature over the windows. */
export type DriftHistory = ResultOf<typeof getDriftHistory>
type FeatureHistory = DriftHistory['features'][number]

/** How far one feature is from its reference, window by window; below the smallest effect nothing matters. */
export function DriftChart({
  feature,
  flags,
  spans,
  height = 210,
}: {
  readonly feature: FeatureHistory
  readonly flags: readonly ChartFlag[]
  readonly spans: readonly ChartSpan[]
  readonly height?: number
}) {
  const first = feature.points[0]
  const last = feature.points.at(-1)
  if (!first || !last) return <p className="t2">No window is judged yet.</p>
  const domain = [first.start, Math.max(last.end, first.start + 1)] as const
  const newest = feature.points.findLast((point) => point.effect !== null)?.effect
  return (
    <TimeSeries
      title={`Drift of ${feature.feature}`}
      how={`${measureWord(feature.measure)} distance from the reference, by window`}
      height={height}
      domain={domain}
      fromZero
      syncKey="monitor"
      flags={flagsWithin(flags, domain)}
      spans={spansWithin(spans, domain)}
      zones={[
        { from: 0, to: feature.minEffect, label: `too small to matter, below ${formatNumber(feature.minEffect, 2)}` },
      ]}
      series={[
        {
          id: 'effect',
          label: typeof newest === 'number' ? formatNumber(newest, 2) : feature.feature,
          color: 'base',
          points: feature.points.map((point) => ({
            x: (point.start + point.end) / 2,
            y: point.effect,
            flagged: point.verdict === 'breach' || point.verdict === 'severe',
          })),
        },
      ]}
    />
  )
}

interface DriftMultiplesProps {
  readonly features: DriftHistory['features']
  /** Where the distribution of a feature is shown. */
  readonly hrefOf: (feature: string) => string
  /** The feature whose distribution the page shows. */
  readonly chosen?: string
}

/** All features on one scale, those that drifted coloured; a group for each distance; each leads to its distribution. */
export function DriftMultiples({ features, hrefOf, chosen }: DriftMultiplesProps) {
  const groups = Map.groupBy(features, (feature) => `${measureWord(feature.measure)} ${feature.minEffect}`)
  return (
    <div className="stack gap-12">
      {[...groups].map(([key, group]) => (
        <div key={key}>
          {groups.size > 1 && (
            <p className="xs t3" style={{ marginBottom: 4 }}>
              {measureWord(group[0]?.measure ?? '')} distance, shaded: below {group[0]?.minEffect}
            </p>
          )}
          <SmallMultiples
            allowed={group[0]?.minEffect}
            items={group.map((feature) => ({
              title: feature.feature,
              values: feature.points.map((point) => point.effect),
              attention: feature.open,
              href: hrefOf(feature.feature),
              current: feature.feature === chosen,
            }))}
          />
        </div>
      ))}
    </div>
  )
}

/** How a feature is spread in a window and in the reference. */
export function DistributionPanel({
  project,
  monitor,
  feature,
  start,
}: {
  readonly project: string
  readonly monitor: string
  readonly feature: string
  readonly start?: number | undefined
}) {
  const query = useContractQuery(
    getFeatureDistribution,
    { params: { project, monitor }, query: { feature, ...(start === undefined ? {} : { start }) } },
    { keep: true },
  )
  const { zone } = useUiEnvironment()
  return (
    <QueryView query={query} what={`the distribution of ${feature}`} shape="chart" permission="monitor:read">
      {(data) => {
        const reference = parseUrn(data.reference.urn)
        const edges = edgesOf(data.bins)
        return (
          <Distribution
            title={data.feature}
            how="share of the rows with a value"
            {...(edges ? { edges } : { categories: data.bins.map((bin) => bin.label) })}
            reference={{
              label: reference ? `${reference.name}${reference.version ? ` v${reference.version}` : ''}` : 'reference',
              counts: data.bins.map((bin) => bin.referenceCount),
            }}
            current={{
              label: formatRange(data.start, data.end - 1, { now: data.end, zone }),
              counts: data.bins.map((bin) => bin.currentCount),
            }}
            caption={
              <>
                {data.kind === 'numeric' && data.reference.mean !== null && data.current.mean !== null && (
                  <>
                    Mean {formatNumber(data.reference.mean)} in the reference, {formatNumber(data.current.mean)} in the
                    window.{' '}
                  </>
                )}
                {reference && (
                  <>
                    Outline:{' '}
                    <EntityLink
                      kind={reference.kind}
                      name={reference.name}
                      id={reference.id}
                      version={reference.version}
                      look="name"
                    />
                  </>
                )}
              </>
            }
          />
        )
      }}
    </QueryView>
  )
}

type Bin = ResultOf<typeof getFeatureDistribution>['bins'][number]

/** Edges of bins of numbers; what lies beyond the first and the last is drawn as one more bin of the same width. */
function edgesOf(bins: readonly Bin[]): number[] | undefined {
  const inner = bins.filter((bin) => bin.low !== null && bin.high !== null)
  const [first] = inner
  if (!first || first.low === null || first.high === null) return undefined
  const step = first.high - first.low
  return [...bins.map((bin) => bin.low ?? (bin.high ?? 0) - step), bins.at(-1)?.high ?? (bins.at(-1)?.low ?? 0) + step]
}

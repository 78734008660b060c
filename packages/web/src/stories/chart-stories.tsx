import { Bars } from '../charts/bars.tsx'
import { Contributions } from '../charts/contributions.tsx'
import { Distribution, Histogram } from '../charts/distribution.tsx'
import { Dumbbell } from '../charts/dumbbell.tsx'
import { Forest } from '../charts/forest.tsx'
import { Gantt, type GanttRow } from '../charts/gantt.tsx'
import { HistogramSteps } from '../charts/histogram-steps.tsx'
import { Occurrences } from '../charts/occurrences.tsx'
import { SmallMultiples } from '../charts/small-multiples.tsx'
import { Sparkline } from '../charts/sparkline.tsx'
import { Strip } from '../charts/strip.tsx'
import { TimeSeries } from '../charts/time-series.tsx'
import { Story } from './story.tsx'
import {
  airports,
  aucEstimated,
  aucMeasured,
  aucSoFar,
  curve,
  drift,
  firstDay,
  histogramBefore,
  histogramNow,
  lateObserved,
  lateObservedSoFar,
  latePredicted,
  runs,
  seeded,
  storyNow,
  traffic,
} from './story-data.ts'

const day = 86_400_000
const begin = Date.UTC(2001, 3, 30, 2, 0, 0)
const step = (name: string, from: number, to: number, note: string, state: GanttRow['state'] = 'ok'): GanttRow => ({
  id: name,
  name,
  state,
  queuedAt: begin + from * 1000 - 600,
  startedAt: begin + from * 1000,
  endedAt: begin + to * 1000,
  note,
})
export const ganttRows: GanttRow[] = [
  step('validate', 0, 0.004, 'from run #30, 16 Apr', 'cached'),
  step('features', 0.1, 38, '38 s, origin_recent_delays v2'),
  step('split', 38.2, 42.2, '4 s'),
  step('baseline', 42.4, 42.4, 'from run #30, 16 Apr', 'cached'),
  step('train', 42.4, 203.4, '2 min 41 s, 80 iterations'),
  step('export-onnx', 203.8, 209.8, '6 s'),
  step('evaluate', 210, 241, '31 s, 118,093 rows'),
  step('gate', 241.2, 241.4, '0.2 s', 'person'),
  step('register', 241.6, 242, '0.4 s'),
]
const flags = [
  { at: firstDay + 11 * day, label: 'v3 deployed', href: '/p/flight-delays/models/arrival-delay/versions/3' },
  { at: firstDay + 33.2 * day, label: 'v4 canary' },
]
const own = seeded(3)
const wobble = (level: number, size: number) => Array.from({ length: 36 }, () => level + (own() - 0.5) * size)

const gradients = Array.from({ length: 40 }, (_, at) => {
  const edges = Array.from({ length: 33 }, (_edge, i) => (i - 16) / 8)
  const counts = edges.slice(1).map((edge) => Math.round(400 * Math.exp(-((edge * (1 + at / 12)) ** 2))))
  return { step: 100 * at, edges, counts, count: counts.reduce((all, one) => all + one, 0), min: -2, max: 2 }
})

export function ChartStories() {
  return (
    <div className="stack gap-24">
      <div className="cols-2">
        <Story title="TimeSeries" note="measured, so far, estimated; flags, open alert, threshold, unripe days">
          <TimeSeries
            title="AUC of arrival-delay"
            how="by day of prediction, 95 % interval"
            height={270}
            series={[
              { id: 'est', label: 'estimated,\nno labels needed', kind: 'estimated', points: aucEstimated },
              { id: 'measured', label: 'measured, final', color: 'base', points: aucMeasured },
              { id: 'sofar', label: 'measured so far,\nweighted', kind: 'so-far', points: aucSoFar },
            ]}
            thresholds={[{ value: 0.65, label: 'floor 0.65' }]}
            flags={[...flags, { at: firstDay + 26.7 * day, label: 'alert', tone: 'warn' }]}
            spans={[{ from: firstDay + 26.7 * day, tone: 'warn' }]}
            maturity={firstDay + 32.6 * day}
            domain={[firstDay, firstDay + 35.4 * day]}
            syncKey="stories"
            onRange={() => undefined}
            caption="An estimate is dashed, hollow and hatched; a measurement is solid and filled. Hatched days: labels still arriving."
          />
        </Story>
        <Story title="Drift" note="equivalence zone, flagged points">
          <TimeSeries
            title="Drift of origin_recent_delays"
            how="KS distance from training, by day"
            height={270}
            series={[{ id: 'ks', label: '0.27', color: 'base', points: drift }]}
            zones={[{ to: 0.1, label: 'too small to matter, below 0.10' }]}
            range={[0, 0.32]}
            flags={[{ at: firstDay + 26.7 * day, label: 'alert opened' }]}
            spans={[{ from: firstDay + 26.7 * day, tone: 'warn' }]}
            domain={[firstDay, firstDay + 35.4 * day]}
            syncKey="stories"
          />
        </Story>
      </div>
      <div className="cols-3">
        <TimeSeries
          title="Late flights predicted and observed"
          how="arrival-delay, by day"
          form="share"
          series={[
            { id: 'p', label: 'predicted', color: 's2', points: latePredicted },
            { id: 'o', label: 'observed', color: 'base', points: lateObserved },
            { id: 'os', label: '', kind: 'so-far', color: 'base', points: lateObservedSoFar },
          ]}
          maturity={firstDay + 32.6 * day}
          caption="Hatched: labels still arriving. Dotted: observed so far, weighted for late labels."
        />
        <TimeSeries
          title="Predictions per hour"
          how="by version"
          form="count"
          fromZero
          series={[
            { id: 'v3', label: 'v3, 90 %', color: 'base', area: true, points: traffic },
            {
              id: 'v4',
              label: 'v4, 10 %',
              color: 's1',
              area: true,
              points: traffic.slice(24).map((p) => ({ x: p.x, y: Math.round((p.y ?? 0) * 0.1) })),
            },
          ]}
          flags={[{ at: traffic[24]?.x ?? 0, label: 'canary 10 %' }]}
        />
        <TimeSeries
          title="Validation log loss"
          how="by iteration, 4 runs"
          x="number"
          xLabel="iteration"
          series={[
            { id: 'a', label: 'no-origin-15', color: 's2', points: curve(3, 0.484, 0.533, 116) },
            { id: 'b', label: 'lr-0.10', color: 's4', points: curve(4, 0.475, 0.533, 116) },
            { id: 'c', label: 'weekly-13w-63', color: 's3', points: curve(5, 0.459, 0.533, 60) },
            { id: 'd', label: 'weekly-13w-31', color: 's1', points: curve(6, 0.458, 0.533, 80) },
          ]}
        />
      </div>
      <div className="cols-3">
        <Dumbbell
          title="AUC by origin airport"
          how="10 largest, on the same rows"
          names={{ baseline: 'champion', candidate: 'v4' }}
          rows={airports.map(([name, count, baseline, candidate]) => ({
            name,
            count,
            baseline,
            candidate,
            low: candidate - 0.01,
            high: candidate + 0.01,
          }))}
          caption="Hollow: champion. Filled: v4 with its interval. DTW gains most; DEN and MSP lose, within noise."
        />
        <Distribution
          title="origin_recent_delays"
          how="share of predictions"
          edges={Array.from({ length: 17 }, (_, i) => i * 0.05)}
          reference={{ label: 'training', counts: histogramBefore }}
          current={{ label: 'week of 23 Apr', counts: histogramNow }}
          xLabel="share of late flights at the origin, last 6 h"
        />
        <div>
          <Bars
            title="Runs of this pipeline"
            how="time taken, 31 since 1 Feb"
            form="duration"
            items={Array.from({ length: 31 }, (_, i) => ({
              label: `#${i + 1}`,
              value: (i === 18 || i === 26 ? 60 : 220 + ((i * 37) % 90)) * 1000,
              state: i === 18 || i === 26 ? ('bad' as const) : ('ok' as const),
              current: i === 30,
            }))}
          />
          <Bars
            title="Rows"
            how="by version, one week each"
            form="count"
            items={Array.from({ length: 17 }, (_, i) => ({
              label: `v${i + 1}`,
              value: 112_000 + ((i * 911) % 6000),
              current: i === 16,
            }))}
          />
        </div>
      </div>
      <Story title="HistogramSteps" note="share of values by step, with quantiles; the arrow keys walk over its cells">
        <HistogramSteps title="gradients/dense" how="by step" points={gradients} syncKey="stories steps" />
      </Story>
      <Story title="Gantt" note="critical path features, train, evaluate: 96 %">
        <Gantt label="Time of each step" rows={ganttRows} selected="train" onSelect={() => undefined} />
      </Story>
      <Story title="Small multiples" note="KS distance from training by day, one scale, shaded: too small to matter">
        <SmallMultiples
          allowed={0.1}
          items={[
            { title: 'origin_recent_delays', values: drift.map((p) => p.y), attention: true },
            { title: 'time_of_day', values: wobble(0.02, 0.014) },
            { title: 'distance', values: wobble(0.01, 0.005) },
            { title: 'weekday', values: wobble(0.02, 0.013) },
            { title: 'origin', values: wobble(0.03, 0.02) },
            { title: 'destination', values: wobble(0.04, 0.022) },
          ]}
        />
      </Story>
      <div className="cols-3">
        <Story title="In cells">
          <table className="data">
            <tbody>
              <tr>
                <td>Sparkline</td>
                <td>
                  <Sparkline values={drift.map((p) => p.y)} tone="warn" />
                </td>
                <td>
                  <Sparkline values={runs[1]?.loss ?? []} />
                </td>
              </tr>
              <tr>
                <td>Strip</td>
                <td colSpan={2}>
                  <Strip
                    label="arrival-delay, 35 days"
                    periods={Array.from({ length: 35 }, (_, i) => ({
                      label: `day ${i + 1}`,
                      state: i > 33 ? 'none' : i > 24 ? 'warn' : i === 9 ? 'bad' : 'ok',
                    }))}
                  />
                </td>
              </tr>
              <tr>
                <td>Forest</td>
                <td>
                  <Forest value={0.0182} low={0.0141} high={0.0223} domain={[-0.01, 0.025]} reference={0} />
                </td>
                <td>
                  <Forest
                    value={0.6834}
                    low={0.6793}
                    high={0.6875}
                    domain={[0.62, 0.69]}
                    reference={0.6652}
                    look="interval"
                    color="base"
                  />
                </td>
              </tr>
              <tr>
                <td>Histogram</td>
                <td colSpan={2}>
                  <Histogram counts={histogramNow} before={histogramBefore} />
                </td>
              </tr>
            </tbody>
          </table>
        </Story>
        <Story title="Why" note="against the mean, 0.206">
          <Contributions
            label="Why"
            items={[
              { name: 'origin_recent_delays', value: 0.118 },
              { name: 'time_of_day', value: 0.071 },
              { name: 'origin', value: 0.032 },
              { name: 'distance', value: -0.004 },
              { name: 'weekday', value: -0.011 },
            ]}
          />
        </Story>
        <TimeSeries
          title="AUC of diversion-risk"
          how="nothing measured yet"
          series={[{ id: 'x', label: 'measured', points: [] }]}
          height={150}
          domain={[firstDay, firstDay + 35 * day]}
        />
      </div>
      <Story title="Last 24 hours" note="pipeline runs, event time">
        <Occurrences
          label="Pipeline runs of the last 24 hours"
          domain={[storyNow - day, storyNow]}
          now={storyNow}
          rows={[
            {
              name: 'ingest-flights',
              items: [4, 10, 16, 22].map((h) => ({
                id: String(h),
                from: storyNow - day + h * 3_600_000,
                to: storyNow - day + h * 3_600_000 + 400_000,
                state: 'ok' as const,
              })),
            },
            {
              name: 'monitor-windows',
              items: Array.from({ length: 23 }, (_, h) => ({
                id: String(h),
                from: storyNow - day + h * 3_600_000,
                to: storyNow - day + h * 3_600_000 + 300_000,
                state: h === 5 ? ('bad' as const) : ('ok' as const),
              })),
            },
            {
              name: 'train-arrival-delay',
              href: '/p/flight-delays/pipelines/train-arrival-delay',
              items: [
                { id: 'a', from: storyNow - 8 * 3_600_000, to: storyNow - 7.7 * 3_600_000, state: 'ok' as const },
                {
                  id: 'b',
                  from: storyNow - 300_000,
                  state: 'run' as const,
                  href: '/p/flight-delays/pipelines/train-arrival-delay/runs/32',
                },
              ],
            },
            {
              name: 'label-requests',
              items: [
                { id: 'a', from: storyNow - 4 * 3_600_000, to: storyNow - 3.9 * 3_600_000, state: 'person' as const },
              ],
            },
          ]}
        />
      </Story>
    </div>
  )
}

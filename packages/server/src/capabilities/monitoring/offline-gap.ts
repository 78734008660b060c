import type { MetricBaseline, OfflineGap } from '@trivium/contract'
import { unpairedDifference } from '../../kernel/stats/index.ts'
import type { MeasuredCohort } from './measure-cohort.ts'
import { measureName } from './headline.ts'
import type { PerformanceSettings } from './policies.ts'

/**
 * Holds live results of a new release against the evaluation that it was released on. Large is a gap to either side that is beyond twice the metric's margin and whose 95 % interval (both
 * are uncertain) has no zero in it: a model is rarely much worse, or better, in life than on fresh rows, but a join, a unit or a clock that differs makes it so.
 */
export function offlineGaps(
  measured: MeasuredCohort,
  settings: PerformanceSettings,
  evaluated: ReadonlyMap<string, MetricBaseline>,
): OfflineGap[] {
  return settings.metrics.map(({ metric, margin }): OfflineGap => {
    const offline = evaluated.get(metric)
    const live = measured.estimates.get(metric)
    const known = {
      metric,
      offline: offline?.value ?? null,
      offlineInterval: offline?.interval ?? null,
      live: live && Number.isFinite(live.estimate) ? live.estimate : null,
      liveInterval:
        live && Number.isFinite(live.interval.low) ? { low: live.interval.low, high: live.interval.high } : null,
    }
    const unknown = (reason: string): OfflineGap => ({
      ...known,
      gap: null,
      gapInterval: null,
      verdict: 'unknown',
      reason,
    })
    const name = measureName(metric)
    if (!offline) return unknown(`No evaluation of this version measured ${name}.`)
    if (!live || known.live === null || known.liveInterval === null || measured.labelled < settings.minLabels)
      return unknown(`${measured.labelled.toLocaleString('en-GB')} labels are too few to say how good it is in life.`)
    const bounds = offline.interval ?? { low: offline.value, high: offline.value }
    const { estimate, interval } = unpairedDifference(live, {
      ...live,
      estimate: offline.value,
      interval: { ...bounds, level: live.interval.level },
      standardError: 0,
    })
    const large = Math.abs(estimate) > 2 * margin && (interval.low > 0 || interval.high < 0)
    const numbers = `${name} is ${short(known.live)} in life and was ${short(offline.value)} when it was evaluated`
    return {
      ...known,
      gap: estimate,
      gapInterval: { low: interval.low, high: interval.high },
      verdict: large ? 'large' : 'small',
      reason: large
        ? `${numbers}: look for a feature that is computed otherwise, a unit, a time zone, or labels that mean something else.`
        : `${numbers}.`,
    }
  })
}

const short = (value: number): string => String(Number(value.toPrecision(3)))

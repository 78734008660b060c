import type { EventRef, FeatureDrift, MetricResult, WindowPerformance } from '@trivium/contract'
import type { Trx } from '../../kernel/db/index.ts'
import { urn } from '../../kernel/ids/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { type Advanced, breachingEnds, featureName, type RuleStates } from './advance-rules.ts'
import { driftSentence, lossSentence } from './headline.ts'
import type { JudgedWindow } from './judge-window.ts'
import type { MonitorTable } from './tables.ts'
import { windowLabel } from './window-grid.ts'

/** The name of a window in the graph. */
export const windowUrn = (project: string, monitor: string, start: number): string =>
  urn(project, 'window', `${monitor}:${windowLabel(start)}`)

/** What a window did to the rules of its release. */
export interface WindowRules {
  readonly drift: Advanced<FeatureDrift>
  readonly performance: Advanced<MetricResult>
}

/** Appends the events of a window: that it was closed, that its labels have come, and what opened, lasts or recovered with it. */
export async function announceWindow(
  { events }: Pick<Kernel, 'events'>,
  trx: Trx,
  monitor: MonitorTable,
  judged: JudgedWindow,
  {
    closing,
    asOf,
    rules,
    ripened,
  }: { closing: boolean; asOf: number; rules: WindowRules; ripened: WindowPerformance | null },
): Promise<void> {
  const { project_id: project, name } = monitor
  const { start, end, release } = judged
  const size = end - start
  const append = (event: string, subject: string, refs: EventRef[], eventTime: number, data: Record<string, unknown>) =>
    events.append(trx, { project, name: event, schema: 1, by: 'system:monitoring', subject, refs, eventTime, data })
  const releaseUrn = release && urn(project, 'release', release.release)
  const fromRelease: EventRef[] = releaseUrn ? [{ rel: 'input', urn: releaseUrn, as: 'watched' }] : []
  const subject = windowUrn(project, name, start)
  const window = { start, end }
  if (closing)
    await append('window.closed', subject, fromRelease, end, {
      monitor: name,
      deployment: monitor.deployment,
      window,
      rows: judged.rows,
      verdict: judged.drift?.verdict ?? null,
      fact: `${judged.rows.toLocaleString('en-GB')} predictions`,
    })
  if (ripened && release)
    await append('window.judged', subject, [], Math.max(end, asOf), {
      monitor: name,
      deployment: monitor.deployment,
      window,
      labelled: ripened.labelled,
      completeness: ripened.completeness,
      fact: `${judged.rows.toLocaleString('en-GB')} predictions, ${ripened.labelled.toLocaleString('en-GB')} labels`,
    })
  if (!release) return
  const large = ripened ? (judged.details?.offline ?? []).filter(({ verdict }) => verdict === 'large') : []
  if (large.length > 0 && releaseUrn)
    await append(
      'release.gap-found',
      releaseUrn,
      [{ rel: 'input', urn: subject, as: 'seen-in' }],
      Math.max(end, asOf),
      {
        monitor: name,
        deployment: monitor.deployment,
        release: release.release,
        model: release.model,
        version: release.version,
        window,
        gaps: large,
        sentence: large.map(({ reason }) => upper(reason)).join(' '),
        fact: `live results differ from the evaluation by far: ${large.map(({ metric }) => metric).join(', ')}`,
      },
    )
  const about = {
    monitor: name,
    deployment: monitor.deployment,
    release: release.release,
    model: release.model,
    version: release.version,
    window,
  }
  const monitorUrn = urn(project, 'monitor', name)
  const windowsOf = (states: RuleStates, names: readonly string[]) => {
    const ends = new Set([end, ...names.flatMap((one) => breachingEnds(states[one]))])
    return [...ends]
      .toSorted((a, b) => a - b)
      .map((at) => ({ urn: windowUrn(project, name, at - size), start: at - size, end: at }))
  }
  const refsOf = (windows: readonly { urn: string }[]): EventRef[] => [
    ...windows.map((one): EventRef => ({ rel: 'input', urn: one.urn, as: 'seen-in' })),
    ...fromRelease,
  ]
  const { drift, performance } = rules
  if (drift.opened.length > 0) {
    const features = drift.opened.map(featureName)
    const windows = windowsOf(drift.states, features)
    await append('monitor.drifted', monitorUrn, refsOf(windows), end, {
      ...about,
      kind: 'drift',
      features,
      windows,
      results: drift.opened.map((result) => {
        const { feature, measure, effect, minEffect, q, rows } = result
        const seen = windowsOf(drift.states, [feature])
        return {
          feature,
          measure,
          effect,
          minEffect,
          q,
          rows,
          windows: seen,
          sentence: `${driftSentence({ ...result, change: null })}.`,
        }
      }),
      fact: `${features.join(', ')} drifted`,
    })
  }
  for (const result of performance.opened) {
    const { metric, value, interval, baseline, loss, lossInterval, margin } = result
    const windows = windowsOf(performance.states, [metric])
    await append('monitor.degraded', monitorUrn, refsOf(windows), Math.max(end, asOf), {
      ...about,
      kind: 'performance',
      metric,
      windows,
      value,
      interval,
      baseline,
      loss,
      lossInterval,
      margin,
      labelled: judged.performance?.labelled ?? 0,
      sentence: `${lossSentence(result)}.`,
      fact: `${metric} degraded`,
    })
  }
  // Whoever did nothing the first time, or tried and failed, hears of it with each further window.
  if (drift.persisting.length > 0)
    await append('monitor.persists', monitorUrn, refsOf([{ urn: subject }]), end, {
      ...about,
      kind: 'drift',
      features: drift.persisting.map(featureName),
      fact: `${drift.persisting.map(featureName).join(', ')} still drifted`,
    })
  for (const { metric } of performance.persisting)
    await append('monitor.persists', monitorUrn, refsOf([{ urn: subject }]), Math.max(end, asOf), {
      ...about,
      kind: 'performance',
      metric,
      fact: `${metric} still degraded`,
    })
  if (drift.resolved.length > 0)
    await append('monitor.recovered', monitorUrn, refsOf([{ urn: subject }]), end, {
      ...about,
      kind: 'drift',
      features: drift.resolved.map(featureName),
      fact: `${drift.resolved.map(featureName).join(', ')} is in range again`,
    })
  for (const { metric } of performance.resolved)
    await append('monitor.recovered', monitorUrn, refsOf([{ urn: subject }]), Math.max(end, asOf), {
      ...about,
      kind: 'performance',
      metric,
      fact: `${metric} is good again`,
    })
}

const upper = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

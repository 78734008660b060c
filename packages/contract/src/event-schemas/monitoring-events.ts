import { Type } from 'typebox'
import { LabelDelayWarning, MetricResult, OfflineGap } from '../monitoring.ts'
import { eventSchema, eventTime, fact, integer, nullable, text } from './event-schema.ts'

const Window = Type.Object({ start: eventTime, end: eventTime })
const SeenWindow = Type.Object({ urn: text(), start: eventTime, end: eventTime })
const watched = { monitor: text(), deployment: text() }
const about = { ...watched, release: text(), model: text(), version: integer(), window: Window }
const alert = { alert: text(), kind: text('drift, performance, …'), monitor: nullable(text()), fact }

/** Monitors, their windows, and alerts. */
export const monitoringEvents = [
  eventSchema('monitor.defined', 'monitor', 'A monitor was made or changed.', { ...watched, version: integer(), fact }),
  eventSchema('monitor.removed', 'monitor', 'A monitor was removed.', { monitor: text(), fact }),
  eventSchema('monitor.label-delay', 'monitor', 'Labels take too long, or come in time again.', {
    ...watched,
    warnings: Type.Array(LabelDelayWarning),
    fact,
  }),
  eventSchema('window.closed', 'window', 'The predictions of a window are complete.', {
    ...watched,
    window: Window,
    rows: integer(),
    verdict: nullable(text()),
    fact,
  }),
  eventSchema('window.judged', 'window', 'The labels of a window have come.', {
    ...watched,
    window: Window,
    labelled: integer(),
    completeness: Type.Number({ description: 'Share of the predictions that have a label.' }),
    fact,
  }),
  eventSchema('release.gap-found', 'release', 'Live results differ from the evaluation by far.', {
    ...about,
    gaps: Type.Array(OfflineGap),
    sentence: text(),
    fact,
  }),
  eventSchema('monitor.drifted', 'monitor', 'Features drifted, by effect and by significance.', {
    ...about,
    kind: Type.Literal('drift'),
    features: Type.Array(text()),
    windows: Type.Array(SeenWindow),
    results: Type.Array(
      Type.Object({
        feature: text(),
        measure: text(),
        effect: nullable(Type.Number()),
        minEffect: Type.Number(),
        q: nullable(Type.Number({ description: 'Adjusted p-value.' })),
        rows: integer(),
        windows: Type.Array(SeenWindow),
        sentence: text(),
      }),
    ),
    fact,
  }),
  eventSchema('monitor.degraded', 'monitor', 'A metric is worse than its baseline.', {
    ...about,
    kind: Type.Literal('performance'),
    metric: MetricResult.properties.metric,
    windows: Type.Array(SeenWindow),
    value: MetricResult.properties.value,
    interval: MetricResult.properties.interval,
    baseline: MetricResult.properties.baseline,
    loss: MetricResult.properties.loss,
    lossInterval: MetricResult.properties.lossInterval,
    margin: Type.Number(),
    labelled: integer(),
    sentence: text(),
    fact,
  }),
  eventSchema('monitor.persists', 'monitor', 'What drifted or degraded before still does.', {
    ...about,
    kind: text('drift or performance'),
    features: Type.Optional(Type.Array(text())),
    metric: Type.Optional(text()),
    fact,
  }),
  eventSchema('monitor.recovered', 'monitor', 'What drifted or degraded is in range again.', {
    ...about,
    kind: text('drift or performance'),
    features: Type.Optional(Type.Array(text())),
    metric: Type.Optional(text()),
    fact,
  }),
  eventSchema('alert.opened', 'alert', 'An alert was opened.', {
    ...alert,
    deployment: nullable(text()),
    release: nullable(text()),
    model: nullable(text()),
    version: nullable(integer()),
    feature: Type.Optional(nullable(text())),
    metric: Type.Optional(nullable(text())),
    title: text(),
  }),
  eventSchema('alert.acknowledged', 'alert', 'Somebody looks after an alert.', alert),
  eventSchema('alert.resolved', 'alert', 'An alert was closed.', alert),
  eventSchema('alert.rated', 'alert', 'Somebody said whether an alert was useful.', {
    alert: text(),
    answer: text(),
    fact,
  }),
] as const

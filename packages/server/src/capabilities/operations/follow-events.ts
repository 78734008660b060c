import type { AlertEvidence, EventRef, SealedEvent } from '@trivium/contract'
import { asReader, type Trx } from '../../kernel/db/index.ts'
import { parseUrn, urn } from '../../kernel/ids/index.ts'
import { measureName } from '../monitoring/index.ts'
import {
  acknowledgeAlert,
  addMoment,
  type AlertDeps,
  openAlert,
  rateAlert,
  resolveAlert,
  systemOf,
} from './change-alerts.ts'
import type { AlertTable } from './tables.ts'

export const followedEvents = [
  'monitor.drifted',
  'monitor.degraded',
  'monitor.recovered',
  'monitor.defined',
  'monitor.removed',
  'release.activated',
  'release.rolled-back',
  'inbox.decided',
] as const

/** Opens alerts for what monitors found, and closes them when the cause has gone. */
export async function followEvents(deps: AlertDeps, trx: Trx, events: readonly SealedEvent[]): Promise<void> {
  for (const event of events) await follow(deps, trx, event)
}

async function follow(deps: AlertDeps, trx: Trx, event: SealedEvent): Promise<void> {
  switch (event.name) {
    case 'monitor.drifted':
      for (const result of event.data['results'] as DriftResult[])
        await open(deps, trx, event, result.feature, `${result.feature} drifted`, driftEvidence(result))
      return
    case 'monitor.degraded': {
      const found = event.data as unknown as DegradedData
      return open(deps, trx, event, found.metric, `${measureName(found.metric)} degraded`, lossEvidence(found))
    }
    case 'monitor.recovered': {
      const { kind, features, metric } = event.data as {
        kind: AlertTable['kind']
        features?: string[]
        metric?: string
      }
      const abouts = features ?? (metric === undefined ? [] : [metric])
      const reason =
        kind === 'drift'
          ? 'In range again for as many windows as the rule asks.'
          : 'As good as the baseline again for as many windows as the rule asks.'
      return close(deps, trx, event, reason, (row) => row.kind === kind && abouts.includes(row.about))
    }
    case 'monitor.defined':
      return Number(event.data['version']) > 1
        ? close(deps, trx, event, 'The monitor was changed and judges anew.')
        : undefined
    case 'monitor.removed':
      return close(deps, trx, event, 'The monitor was removed.')
    case 'inbox.decided':
      return decided(deps, trx, event)
    default:
      return replaced(deps, trx, event)
  }
}

interface DriftResult {
  feature: string
  measure: string
  effect: number | null
  minEffect: number
  q: number | null
  rows: number
  windows: AlertEvidence['windows']
  sentence: string
}

interface DegradedData {
  metric: string
  value: number | null
  interval: AlertEvidence['valueInterval']
  baseline: { value: number } | null
  loss: number | null
  lossInterval: AlertEvidence['lossInterval']
  margin: number
  labelled: number
  windows: AlertEvidence['windows']
  sentence: string
}

function driftEvidence({ measure, effect, minEffect, q, rows, windows, sentence }: DriftResult): AlertEvidence {
  return {
    sentence,
    measure,
    effect,
    allowed: minEffect,
    q,
    value: null,
    valueInterval: null,
    baseline: null,
    lossInterval: null,
    rows,
    windows,
    suggestion:
      'See whether the predictions have become worse; if they have, or labels take long, train on newer data.',
  }
}

function lossEvidence(found: DegradedData): AlertEvidence {
  return {
    sentence: found.sentence,
    measure: found.metric,
    effect: found.loss,
    allowed: found.margin,
    q: null,
    value: found.value,
    valueInterval: found.interval,
    baseline: found.baseline?.value ?? null,
    lossInterval: found.lossInterval,
    rows: found.labelled,
    windows: found.windows,
    suggestion: 'Train a challenger on newer data and compare it with this version on the same rows.',
  }
}

async function open(
  deps: AlertDeps,
  trx: Trx,
  event: SealedEvent,
  about: string,
  title: string,
  evidence: AlertEvidence,
): Promise<void> {
  const { project } = event
  const data = event.data as {
    monitor: string
    deployment: string
    release: string
    model: string
    version: number
    kind: AlertTable['kind']
  }
  const refs: EventRef[] = [
    { rel: 'input', urn: event.subject, as: 'raised-by' },
    ...evidence.windows.map((window): EventRef => ({ rel: 'input', urn: window.urn, as: 'seen-in' })),
    { rel: 'input', urn: urn(project, 'release', data.release), as: 'about' },
    { rel: 'input', urn: urn(project, 'model', data.model, data.version), as: 'about' },
  ]
  const { id, isNew } = await openAlert(deps, trx, {
    project_id: project,
    kind: data.kind,
    title,
    monitor: data.monitor,
    about,
    deployment: data.deployment,
    release: data.release,
    model: data.model,
    model_version: data.version,
    event_time: event.eventTime ?? event.at,
    evidence,
    refs,
  })
  if (!isNew)
    await addMoment(deps, trx, {
      project_id: project,
      alert: id,
      event_time: event.eventTime,
      what: 'seen again',
      detail: evidence.sentence,
      by: event.by,
      urn: event.subject,
    })
}

/** Resolves the open alerts of the event's monitor. */
async function close(
  deps: AlertDeps,
  trx: Trx,
  event: SealedEvent,
  reason: string,
  applies: (row: AlertTable) => boolean = () => true,
): Promise<void> {
  const rows = await openAlerts(trx, event.project)
  const monitor = String(event.data['monitor'])
  for (const row of rows)
    if (row.monitor === monitor && applies(row))
      await resolveAlert(deps, trx, row, {
        by: systemOf(event.project).id,
        reason,
        eventTime: event.eventTime,
        refs: event.refs
          .filter(({ urn: ref }) => parseUrn(ref)?.kind === 'window')
          .map((ref) => ({ ...ref, rel: 'about' as const })),
      })
}

/** Another release answers: what was wrong with the one before is nobody's business any more. */
async function replaced(deps: AlertDeps, trx: Trx, event: SealedEvent): Promise<void> {
  const release = parseUrn(event.subject)?.id
  const { deployment, model, version } = event.data as { deployment: string; model?: string; version?: number }
  const name = model === undefined ? 'Another release' : `${model} v${version}`
  const reason = event.name === 'release.activated' ? `${name} answers now.` : `Rolled back: ${name} answers again.`
  for (const row of await openAlerts(trx, event.project))
    if (row.deployment === deployment && row.release !== release)
      await resolveAlert(deps, trx, row, {
        by: systemOf(event.project).id,
        reason,
        eventTime: event.eventTime,
        refs: [{ rel: 'about', urn: event.subject, as: 'replaced-by' }],
      })
}

async function decided(deps: AlertDeps, trx: Trx, event: SealedEvent): Promise<void> {
  const { subject, option, reason } = event.data as { subject?: string; option?: string; reason?: string }
  const parts = parseUrn(subject ?? '')
  if (parts?.kind !== 'alert') return
  const row = (await openAlerts(trx, event.project)).find(({ id }) => id === parts.id)
  if (row?.state !== 'open') return
  await acknowledgeAlert(deps, trx, event.project, row.id, { by: event.by, note: reason ?? '', decided: true })
  if (option === 'noise') await rateAlert(deps, trx, event.project, row.id, { by: event.by, answer: 'noise' })
}

async function openAlerts(trx: Trx, project: string): Promise<AlertTable[]> {
  return asReader(trx)
    .selectFrom('alert')
    .selectAll()
    .where('project_id', '=', project)
    .where('state', '!=', 'resolved')
    .orderBy('id')
    .execute()
}

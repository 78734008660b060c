import { getDeployment, listAlerts } from '@trivium/contract'
import type { ChartFlag, ChartSpan } from '../../charts/chart-types.ts'
import { useContractQuery } from '../../data/contract-query.ts'
import { entityUrl } from '../../ui/entity-url.ts'

/** What stands above the charts of a monitor: deployments as flags, alerts as flags and spans. */
export function useWatchMarks(project: string, monitor: string, deployment: string) {
  const alerts = useContractQuery(listAlerts, {
    params: { project },
    query: { monitor, state: 'all', limit: 50 },
  })
  const released = useContractQuery(getDeployment, { params: { project, deployment } })
  const flags: ChartFlag[] = (released.data?.activations ?? []).map((move) => ({
    at: move.eventTime,
    label: move.kind === 'rollback' ? `back to v${move.version}` : `v${move.version} deployed`,
    href: entityUrl({ kind: 'deployment', name: deployment }, project),
  }))
  const open = alerts.data?.alerts ?? []
  const spans: (ChartSpan & { readonly about: string })[] = open.map((alert) => ({
    from: alert.eventTime,
    to: alert.resolvedEventTime ?? undefined,
    tone: alert.kind === 'performance' ? 'bad' : 'warn',
    label: alert.title,
    about: alert.feature ?? alert.metric ?? '',
  }))
  const alertFlags: ChartFlag[] = open.map((alert) => ({
    at: alert.eventTime,
    label: 'alert',
    tone: 'warn',
    href: entityUrl({ kind: 'alert', name: alert.title, id: alert.id }, project),
  }))
  return { flags, spans, alertFlags, alerts: open }
}

/** The parts of spans that lie in a chart; those of one tone that meet become one. */
export function spansWithin(spans: readonly ChartSpan[], [from, to]: readonly [number, number]): ChartSpan[] {
  const shown = spans
    .filter((span) => span.from <= to && (span.to ?? to) >= from)
    .map((span) => ({ ...span, from: Math.max(span.from, from), to: Math.min(span.to ?? to, to) }))
    .toSorted((a, b) => a.from - b.from)
  const merged: (ChartSpan & { to: number })[] = []
  for (const span of shown) {
    const before = merged.findLast((one) => one.tone === span.tone)
    if (before && before.to >= span.from) before.to = Math.max(before.to, span.to)
    else merged.push(span)
  }
  return merged
}

/** The flags that lie in a chart. */
export function flagsWithin(flags: readonly ChartFlag[], [from, to]: readonly [number, number]): ChartFlag[] {
  return flags.filter((flag) => flag.at >= from && flag.at <= to)
}

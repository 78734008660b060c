import { getPredictionTraffic } from '@trivium/contract'
import { Sparkline } from '../../charts/sparkline.tsx'
import { Strip } from '../../charts/strip.tsx'
import { useContractQuery } from '../../data/contract-query.ts'
import { EntityLink } from '../../ui/entity-link.tsx'
import { useNow, useUiEnvironment } from '../../ui/environment.tsx'
import { formatCount, formatNumber, formatPlural } from '../../ui/format-number.ts'
import { formatAge, formatDay } from '../../ui/format-time.ts'
import { Time, TimeRange } from '../../ui/time.tsx'
import { formatLimit, labelledWords, measureWord } from '../monitoring/measure-words.ts'
import { monitorKind, monitorWord } from '../monitoring/monitor-state.ts'
import { deploymentState } from '../serving/deployment-state.ts'
import type { ProjectState } from './project-state.ts'
import { Tile } from './tile.tsx'

interface TileSource {
  readonly project: string
  readonly state: ProjectState
}

const unread = 'could not be read'
const base = (project: string) => `/p/${encodeURIComponent(project)}`

/** The deployment with most traffic. */
export function DeploymentTile({ project, state: { deployments } }: TileSource) {
  const one = deployments.data?.deployments
    .filter((each) => each.state !== 'retired')
    .toSorted((a, b) => b.traffic.predictions - a.traffic.predictions || b.createdAt - a.createdAt)[0]
  const traffic = useContractQuery(
    getPredictionTraffic,
    { params: { project, deployment: one?.name ?? '' }, query: { by: 'day' } },
    { enabled: one !== undefined },
  )
  const href = `${base(project)}/deployments`
  if (!one)
    return (
      <Tile
        kind="deployment"
        title="Deployment"
        href={href}
        none={deployments.error ? unread : 'Nothing is deployed yet.'}
        how={deployments.error ? undefined : 'trivium deploy NAME --model MODEL/VERSION'}
      />
    )
  const days = new Map<number, number>()
  for (const bucket of traffic.data?.buckets ?? []) days.set(bucket.at, (days.get(bucket.at) ?? 0) + bucket.predictions)
  const live = one.traffic.perSecond >= 0.05
  const predictions = traffic.data?.predictions ?? one.traffic.predictions
  return (
    <Tile
      kind="deployment"
      title="Deployment"
      href={href}
      state={deploymentState(one)}
      big={live ? formatNumber(one.traffic.perSecond, 1) : formatCount(predictions)}
      unit={live ? 'predictions/s' : predictions === 1 ? 'prediction' : 'predictions'}
      fact={
        <>
          <EntityLink kind="deployment" name={one.name} look="name" />
          {one.traffic.p99Ms !== null && `, p99 ${formatNumber(one.traffic.p99Ms, 1)} ms`}
        </>
      }
      mini={days.size > 1 && <Sparkline values={[...days.values()]} width={128} height={20} />}
      foot={
        one.traffic.failed > 0 ? (
          `${formatPlural(one.traffic.failed, 'request')} failed`
        ) : (
          <>
            released <Time at={one.current?.createdAt} show="age" /> ago
          </>
        )
      }
    />
  )
}

/** The monitor that needs eyes most. */
export function MonitorTile({ project, state: { monitors } }: TileSource) {
  const worst = monitors.data?.monitors[0]
  const { zone } = useUiEnvironment()
  const href = `${base(project)}/monitors`
  if (!worst)
    return (
      <Tile
        kind="monitor"
        title="Monitor"
        href={href}
        none={monitors.error ? unread : 'No monitor yet.'}
        how={monitors.error ? undefined : 'trivium monitors define FILE'}
      />
    )
  const measured = worst.performance
  const last = worst.strip.at(-1)
  return (
    <Tile
      kind="monitor"
      title="Monitor"
      href={href}
      state={{ kind: monitorKind(worst.state), word: monitorWord(worst) }}
      big={measured?.value === null || measured === null ? '–' : formatNumber(measured.value, 3)}
      unit={measured ? measureWord(measured.metric) : 'no outcome yet'}
      fact={
        <>
          <EntityLink kind="monitor" name={worst.name} look="name" />
          {measured !== null && measured.value !== null && (
            <>
              , <TimeRange from={measured.start} to={measured.end - 1} />
            </>
          )}
        </>
      }
      mini={
        worst.strip.length > 0 && (
          <Strip
            label={`Windows of ${worst.name}`}
            width={Math.min(128, worst.strip.length * 12)}
            periods={worst.strip.map((mark) => ({
              label: formatDay(mark.start, { now: mark.end, zone }),
              state: monitorKind(mark.state),
            }))}
          />
        )
      }
      foot={
        last && (
          <>
            last window ended <Time at={last.end} show="day" clock="event" />
            {worst.labels !== null && worst.labels.predicted > 0 && `, ${labelledWords(worst.labels)}`}
          </>
        )
      }
    />
  )
}

/** The oldest open alert. */
export function AlertTile({ project, state: { alerts } }: TileSource) {
  const now = useNow('event')
  const open = alerts.data?.alerts.filter((alert) => alert.state !== 'resolved') ?? []
  const oldest = open.at(-1)
  const newest = alerts.data?.alerts[0]
  const href = `${base(project)}/alerts`
  if (!newest)
    return (
      <Tile
        kind="alert"
        title="Alert"
        href={href}
        none={alerts.error ? unread : 'No alert yet. Monitors raise them.'}
      />
    )
  if (!oldest)
    return (
      <Tile
        kind="alert"
        title="Alert"
        href={href}
        state={{ kind: 'ok', word: 'none open' }}
        big={formatCount(alerts.data?.alerts.length ?? 0)}
        unit="resolved"
        fact={<EntityLink kind="alert" name={newest.title} id={newest.id} look="name" />}
        foot={
          <>
            resolved <Time at={newest.resolvedEventTime} show="day" clock="event" />
          </>
        }
      />
    )
  return (
    <Tile
      kind="alert"
      title="Alert"
      href={href}
      state={{ kind: oldest.kind === 'performance' ? 'bad' : 'warn', word: `${alerts.data?.open ?? open.length} open` }}
      big={formatAge(now - oldest.eventTime)}
      unit="since it opened"
      fact={<EntityLink kind="alert" name={oldest.title} id={oldest.id} look="name" />}
      mini={
        <span className="sm t2">
          {oldest.evidence.effect !== null &&
            `${measureWord(oldest.evidence.measure)} ${formatNumber(oldest.evidence.effect, 2)}, allowed ${formatLimit(oldest.evidence.allowed)}`}
        </span>
      }
      foot={oldest.acknowledgedByName ? `acknowledged by ${oldest.acknowledgedByName}` : 'not acknowledged yet'}
    />
  )
}

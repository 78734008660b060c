import { Fragment, type ReactNode } from 'react'
import { AppLink } from '../ui/app-link.tsx'
import { IconButton } from '../ui/button.tsx'
import { useNow, useUiEnvironment } from '../ui/environment.tsx'
import { formatExactTime, formatTime } from '../ui/format-time.ts'
import { IconClock, IconMenu2 } from '../ui/icons.ts'
import { StateGlyph, type StateKind } from '../ui/state.tsx'
import type { LiveStatus } from '../data/live.ts'
import type { Crumb } from './page-spec.ts'

interface TopBarProps {
  readonly project: string | undefined
  readonly crumbs: readonly Crumb[]
  readonly live: LiveStatus | undefined
  /** Event time, where a replay moves it. */
  readonly replayAt?: number | undefined
  /** Who is on call for this page, work that goes on: nothing else. */
  readonly extra?: ReactNode
  readonly onMenu: () => void
}

const liveWords: Record<LiveStatus['state'], { kind: StateKind; word: string }> = {
  connecting: { kind: 'run', word: 'Connecting' },
  live: { kind: 'ok', word: 'Live' },
  reconnecting: { kind: 'run', word: 'Reconnecting' },
  offline: { kind: 'bad', word: 'Offline' },
  paused: { kind: 'idle', word: 'Paused' },
}

/** Breadcrumb at the left; connection and replay clock at the right. */
export function TopBar({ project, crumbs, live, replayAt, extra, onMenu }: TopBarProps) {
  const here = crumbs.at(-1)
  const now = useNow()
  const { zone } = useUiEnvironment()
  return (
    <header className="top">
      <IconButton label="Menu" className="top-menu" onClick={onMenu}>
        <IconMenu2 className="ic" aria-hidden />
      </IconButton>
      <nav aria-label="Breadcrumb" className="crumbs">
        {project && (
          <AppLink href={`/p/${encodeURIComponent(project)}`} className="crumb-project">
            {project}
          </AppLink>
        )}
        {crumbs.map((crumb, index) => (
          <Fragment key={`${index}/${crumb.href ?? ''}`}>
            <span className="crumb-line" aria-hidden>
              /
            </span>
            {crumb.href && index < crumbs.length - 1 ? (
              <AppLink href={`/p/${encodeURIComponent(project ?? '')}${crumb.href}`}>{crumb.label}</AppLink>
            ) : (
              <b aria-current={index === crumbs.length - 1 ? 'page' : undefined}>{crumb.label}</b>
            )}
          </Fragment>
        ))}
      </nav>
      <div className="crumb-phone">
        <b>{here?.label ?? project}</b> {here && <span>{project}</span>}
      </div>
      <div className="top-meta">
        {live && (
          <span role={live.state === 'offline' ? 'alert' : 'status'}>
            <StateGlyph kind={liveWords[live.state].kind} label={false} />
            {liveWords[live.state].word}
            {live.state === 'offline' && live.since !== undefined && ` since ${formatTime(live.since, { now, zone })}`}
          </span>
        )}
        {replayAt !== undefined && (
          <span className="top-clock" title="Event time of the replay">
            <IconClock className="ic s" aria-hidden />
            Replay, {formatExactTime(replayAt, 'UTC').replace(/:\d\d UTC$/, ' UTC')}
          </span>
        )}
        {extra}
      </div>
    </header>
  )
}

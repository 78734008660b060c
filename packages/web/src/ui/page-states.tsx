import { Fragment, type ReactNode, useEffect, useState } from 'react'
import { Button } from './button.tsx'
import { CommandBox } from './code-example.tsx'
import { Hash } from './hash.tsx'
import { StateGlyph } from './state.tsx'
import { Time } from './time.tsx'

/** One step of a first use: words, or the exact commands, or what the page waits for. */
export interface EmptyStep {
  readonly title: string
  readonly command?: string
  readonly body?: ReactNode
  /** The page listens and goes on by itself. */
  readonly waiting?: boolean
}

interface EmptyProps {
  /** `No runs yet`. */
  readonly title: string
  /** What will appear here, and when. */
  readonly children: ReactNode
  readonly steps?: readonly EmptyStep[]
  readonly foot?: ReactNode
}

/** The first visit: what will be here, the exact commands, then "Waiting for …". */
export function Empty({ title, children, steps = [], foot }: EmptyProps) {
  return (
    <div className="empty">
      <h2 className="empty-title">{title}</h2>
      <p className="empty-what">{children}</p>
      {steps.length > 0 && (
        <ol className="empty-steps">
          {steps.map((step, index) => (
            <li key={step.title}>
              <span className="empty-number">{index + 1}</span>
              <div className="grow">
                {step.waiting ? (
                  <p className="st st-run m" role="status">
                    <StateGlyph kind="run" label={false} />
                    {step.title}
                  </p>
                ) : (
                  <p className="m">{step.title}</p>
                )}
                {step.command && <CommandBox command={step.command} />}
                {step.body && <div className="sm t3 mt-4">{step.body}</div>}
              </div>
            </li>
          ))}
        </ol>
      )}
      {foot && <p className="empty-foot">{foot}</p>}
    </div>
  )
}

interface NoMatchProps {
  /** Plural: `runs`. */
  readonly what: string
  readonly filter?: string | undefined
  /** How many there are without the filter. */
  readonly total?: number | undefined
  readonly onClear: () => void
}

/** A filter that leaves nothing; says what it excludes and offers to clear it. */
export function NoMatch({ what, filter, total, onClear }: NoMatchProps) {
  return (
    <p className="no-match">
      No {what} match {filter ? <code>{filter}</code> : 'the filter'}
      {total !== undefined && `; ${total.toLocaleString('en-GB')} ${what} are here without it`}.{' '}
      <button type="button" className="link" onClick={onClear}>
        Clear filter
      </button>
    </p>
  )
}

interface LoadingProps {
  /** After two seconds: `Reading 3.1 M predictions.` */
  readonly what?: string
  /** Bars in the shape of what comes. */
  readonly shape?: 'table' | 'chart' | 'text' | 'facts'
  readonly rows?: number
}

/** Nothing for 200 ms, then grey bars in the final layout, after two seconds what is being read. */
export function Loading({ what, shape = 'table', rows = 4 }: LoadingProps) {
  const [phase, setPhase] = useState<0 | 1 | 2>(0)
  useEffect(() => {
    const bars = setTimeout(() => setPhase(1), 200)
    const words = setTimeout(() => setPhase(2), 2000)
    return () => {
      clearTimeout(bars)
      clearTimeout(words)
    }
  }, [])
  return (
    <div className="loading" data-shape={shape} data-phase={phase} aria-busy="true">
      {phase > 0 && <Bars shape={shape} rows={rows} />}
      <p className="sm t3" role="status">
        {phase === 2 ? (what ?? 'Still reading.') : ''}
      </p>
    </div>
  )
}

const barWidths = [58, 44, 64, 50, 38, 60]

/** The grey bars alone. */
export function Bars({ shape, rows }: { readonly shape: NonNullable<LoadingProps['shape']>; readonly rows: number }) {
  if (shape === 'chart') return <div className="bars-chart" aria-hidden />
  if (shape === 'facts') {
    return (
      <div className="bars-facts" aria-hidden>
        {barWidths.slice(0, 5).map((width) => (
          <div key={width}>
            <i style={{ width: 44 }} />
            <i style={{ width: width * 1.6 }} />
          </div>
        ))}
      </div>
    )
  }
  return (
    <div className={shape === 'text' ? 'bars-text' : 'bars-table'} aria-hidden>
      {Array.from({ length: rows }, (_, row) => (
        <Fragment key={barWidths[row] ?? row}>
          {shape === 'text' ? (
            <i style={{ width: `${(barWidths[row % 6] ?? 50) + 30}%` }} />
          ) : (
            <div>
              <i className="bars-dot" />
              <span>
                <i style={{ width: `${barWidths[row % 6]}%` }} />
              </span>
              <i />
              <i />
              <i />
            </div>
          )}
        </Fragment>
      ))}
    </div>
  )
}

interface PanelErrorProps {
  /** What failed, as a sentence: `The drift history could not be read.` */
  readonly title: ReactNode
  /** Why, what still works. */
  readonly children?: ReactNode
  readonly requestId?: string | undefined
  readonly onRetry?: (() => void) | undefined
  readonly actions?: ReactNode
}

/** Where a panel stands for the whole page its first words are the page's heading. */
function headPage(words: HTMLElement | null): void {
  if (!words || words.closest('main')?.querySelector('h1')) return
  words.setAttribute('role', 'heading')
  words.setAttribute('aria-level', '1')
}

/** In place of the panel that failed; the others stay. */
export function PanelError({ title, children, requestId, onRetry, actions }: PanelErrorProps) {
  return (
    <div className="note note-bad" role="alert">
      <p>
        <b className="m" ref={headPage}>
          {title}
        </b>{' '}
        {children}
      </p>
      <div className="row wrap mt-8">
        {onRetry && (
          <Button size="small" onClick={onRetry}>
            Try again
          </Button>
        )}
        {actions}
        {requestId && <Hash value={requestId} form="id" />}
      </div>
    </div>
  )
}

interface DeniedProps {
  /** `the prediction log of arrival-delay-prod`. */
  readonly what: ReactNode
  /** `prediction:read`. */
  readonly permission?: string | undefined
  /** `because rows may hold personal fields`. */
  readonly why?: string
  /** Who can give it. */
  readonly givers?: ReactNode
  readonly onAsk?: (() => void) | undefined
}

/** What the reader may not see, which permission it needs, and who can give it. */
export function Denied({ what, permission, why, givers, onAsk }: DeniedProps) {
  return (
    <div className="note">
      <p>
        <b className="m" ref={headPage}>
          You cannot see {what}.
        </b>{' '}
        {permission && (
          <>
            It needs <code>{permission}</code>
            {why && `, ${why}`}.{' '}
          </>
        )}
        {givers ?? 'An administrator of the project can give it.'}
      </p>
      {onAsk && (
        <div className="row mt-8">
          <Button size="small" onClick={onAsk}>
            Ask for it
          </Button>
        </div>
      )}
    </div>
  )
}

interface StaleProps {
  /** When the data on screen was read. */
  readonly at: number
  readonly children: ReactNode
  /** `reconnecting` unless something else is wrong. */
  readonly why?: string
}

/** Old data, dimmed, with its time. */
export function Stale({ at, children, why = 'reconnecting' }: StaleProps) {
  return (
    <div className="stale">
      <p className="sm st st-idle" role="status">
        <StateGlyph kind="idle" label={false} />
        <span>
          as of <Time at={at} />, {why}
        </span>
      </p>
      <div className="stale-body">{children}</div>
    </div>
  )
}

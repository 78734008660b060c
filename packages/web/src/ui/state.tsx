import type { ReactNode } from 'react'

/** The eight states; each has its own shape, colour and words. */
export type StateKind = 'ok' | 'warn' | 'bad' | 'run' | 'person' | 'idle' | 'none' | 'cached'

const shapes: Record<StateKind, ReactNode> = {
  ok: (
    <>
      <circle cx="6" cy="6" r="5" fill="currentColor" />
      <path d="M3.6 6.2 5.3 7.9 8.5 4.4" stroke="var(--glyph-cut)" strokeWidth="1.5" fill="none" />
    </>
  ),
  warn: (
    <>
      <path d="M6 .9 11.6 11H.4Z" fill="currentColor" />
      <path d="M6 4.4v3" stroke="var(--glyph-cut)" strokeWidth="1.4" />
      <circle cx="6" cy="9.1" r=".8" fill="var(--glyph-cut)" />
    </>
  ),
  bad: (
    <>
      <path d="M3.6.6h4.8l3 3v4.8l-3 3H3.6l-3-3V3.6Z" fill="currentColor" />
      <path d="M4.1 4.1l3.8 3.8M7.9 4.1 4.1 7.9" stroke="var(--glyph-cut)" strokeWidth="1.4" />
    </>
  ),
  run: (
    <>
      <circle cx="6" cy="6" r="4.6" fill="none" stroke="currentColor" strokeWidth="1.5" />
      <path d="M6 1.4a4.6 4.6 0 0 1 0 9.2Z" fill="currentColor" />
    </>
  ),
  person: (
    <>
      <path d="M6 .7 11.3 6 6 11.3.7 6Z" fill="none" stroke="currentColor" strokeWidth="1.5" />
      <path d="M6 3.9 8.1 6 6 8.1 3.9 6Z" fill="currentColor" />
    </>
  ),
  idle: <circle cx="6" cy="6" r="4.6" fill="none" stroke="currentColor" strokeWidth="1.4" />,
  none: <circle cx="6" cy="6" r="4.6" fill="none" stroke="currentColor" strokeWidth="1.4" strokeDasharray="1.8 1.7" />,
  cached: (
    <path d="M1 3.3h10M2 3.3v7h8v-7M4.6 6h2.8M1.5 1.3h9v2h-9z" fill="none" stroke="currentColor" strokeWidth="1.3" />
  ),
}

/** The name of a glyph that stands without a word. */
export const stateNames: Record<StateKind, string> = {
  ok: 'in order',
  warn: 'attention',
  bad: 'failed',
  run: 'running',
  person: 'waiting for a person',
  idle: 'not started',
  none: 'cannot judge yet',
  cached: 'cached',
}

/** The colour token of a state's mark: `var(--ok-mark)`. */
export function stateMark(kind: StateKind): string {
  return `var(--${kind === 'none' || kind === 'cached' ? 'idle' : kind}-mark)`
}

interface StateGlyphProps {
  readonly kind: StateKind
  /** The accessible name; `false` where a word beside it already says it. */
  readonly label?: string | false
  readonly size?: number
}

/** The shape of a state alone, for table cells, chips and the sidebar. */
export function StateGlyph({ kind, label = stateNames[kind], size = 12 }: StateGlyphProps) {
  const name = label === false ? ({ 'aria-hidden': true } as const) : ({ role: 'img', 'aria-label': label } as const)
  return (
    <svg className={`gl gl-${kind}`} viewBox="0 0 12 12" width={size} height={size} {...name}>
      {shapes[kind]}
    </svg>
  )
}

/** The inner shape of a state for drawing inside another SVG; `color` must be set outside. */
export function stateShape(kind: StateKind): ReactNode {
  return shapes[kind]
}

interface StateProps {
  readonly kind: StateKind
  /** The word: `finished`, `canary 10 %`, `waiting for maintainer-1`. */
  readonly children: ReactNode
}

/** A state: glyph and word in the state's colour. The only way to print one. */
export function State({ kind, children }: StateProps) {
  return (
    <span className={`st st-${kind}`}>
      <StateGlyph kind={kind} label={false} />
      <span>{children}</span>
    </span>
  )
}

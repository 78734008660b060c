import type { ReactNode } from 'react'
import { StateGlyph, type StateKind } from './state.tsx'

/** The fixed words of a judgement. */
export type VerdictWord =
  | 'better'
  | 'worse'
  | 'no clear change'
  | 'cannot judge yet'
  | 'in range'
  | 'out of range'
  | 'passed'
  | 'blocked'
  | 'waiting'

const verdictStates: Record<VerdictWord, StateKind> = {
  better: 'ok',
  worse: 'bad',
  'no clear change': 'none',
  'cannot judge yet': 'none',
  'in range': 'ok',
  'out of range': 'warn',
  passed: 'ok',
  blocked: 'bad',
  waiting: 'person',
}

/** The state of a verdict, for glyphs in chips and rows. */
export function verdictState(verdict: VerdictWord): StateKind {
  return verdictStates[verdict]
}

interface VerdictProps {
  readonly verdict: VerdictWord
  /** What it still needs, in grey: `1,630 of 2,000 labels`. */
  readonly children?: ReactNode
  /** Leaves out the glyph where the row has one. */
  readonly plain?: boolean
}

/** A judgement in one of the fixed words. */
export function Verdict({ verdict, children, plain = false }: VerdictProps) {
  const kind = verdictStates[verdict]
  return (
    <span className={`st st-${kind}`}>
      {!plain && <StateGlyph kind={kind} label={false} />}
      <span>{verdict}</span>
      {children && <span className="t3">{children}</span>}
    </span>
  )
}

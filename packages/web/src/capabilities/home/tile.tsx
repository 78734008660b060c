import type { ReactNode } from 'react'
import { AppLink } from '../../ui/app-link.tsx'
import { kindIcon } from '../../ui/entity-kinds.ts'
import { State, type StateKind } from '../../ui/state.tsx'

export interface TileProps {
  readonly kind: string
  readonly title: string
  /** The collection. */
  readonly href: string
  readonly state?: { readonly kind: StateKind; readonly word: ReactNode } | undefined
  readonly big?: ReactNode
  readonly unit?: ReactNode
  readonly fact?: ReactNode
  readonly mini?: ReactNode
  readonly foot?: ReactNode
  /** Said where nothing exists yet. */
  readonly none?: ReactNode
  /** The command that makes the first one. */
  readonly how?: string | undefined
}

/** One station of the loop: state, one number, one fact, a shape, and when. */
export function Tile({ kind, title, href, state, big, unit, fact, mini, foot, none, how }: TileProps) {
  const Icon = kindIcon(kind)
  return (
    <section className="loop-tile" aria-label={title}>
      <AppLink href={href} className="loop-head">
        <Icon className="ic" aria-hidden />
        {title}
      </AppLink>
      {none === undefined ? (
        <>
          <span className="loop-state">{state && <State kind={state.kind}>{state.word}</State>}</span>
          <div className="loop-big">
            {big} <span>{unit}</span>
          </div>
          <div className="sm t2">{fact}</div>
          <div className="loop-mini">{mini}</div>
          <div className="xs t3">{foot}</div>
        </>
      ) : (
        <div className="loop-none sm t3 mt-8">
          <p>{none}</p>
          {how && <code>{how}</code>}
        </div>
      )}
    </section>
  )
}

import { type ReactNode, useEffect } from 'react'
import { Alias } from './alias.tsx'
import { formatVersion, kindIcon, kindWord } from './entity-kinds.ts'
import { useUiEnvironment } from './environment.tsx'
import { State, StateGlyph, type StateKind } from './state.tsx'

interface PageHeaderProps {
  readonly title: string
  /** The kind of entity, which gives icon and version style; leave out on lists and overviews. */
  readonly kind?: string
  readonly version?: string | number | undefined
  readonly aliases?: readonly string[] | undefined
  readonly state?: { readonly kind: StateKind; readonly word: ReactNode } | undefined
  /** Grey text after the state: `48 runs, 1 running`. */
  readonly note?: ReactNode
  /** Buttons, the primary one last. */
  readonly actions?: ReactNode
  /** On overviews the title is the answer in one sentence, with the worst state's glyph before it. */
  readonly sentence?: StateKind | 'plain' | undefined
  /** Second line under the sentence of an overview. */
  readonly more?: ReactNode
}

/** The head of a page: what it is about, its state beside the title, and what can be done. */
export function PageHeader({ title, kind, version, aliases, state, note, actions, sentence, more }: PageHeaderProps) {
  const Icon = kind ? kindIcon(kind) : undefined
  const { renderWhoMay } = useUiEnvironment()
  const whoMay = kind ? renderWhoMay?.(kind) : undefined
  const versionText = version !== undefined && kind ? formatVersion(kind, version) : undefined
  useEffect(() => {
    document.title = `${title}${versionText ? ` ${versionText}` : ''} · Trivium`
  }, [title, versionText])
  return (
    <header className={sentence ? 'hd hd-sentence' : 'hd'}>
      {sentence && sentence !== 'plain' && <StateGlyph kind={sentence} size={26} />}
      <div className="hd-what">
        {Icon && <Icon className="ic hd-icon" aria-label={kindWord(kind ?? '')} role="img" />}
        <h1>
          {title}
          {versionText && <span className="hd-version"> {versionText}</span>}
        </h1>
        {aliases?.map((alias) => (
          <Alias key={alias} name={alias} />
        ))}
        {state && <State kind={state.kind}>{state.word}</State>}
        {note && <span className="t3">{note}</span>}
        {more && <p className="hd-more">{more}</p>}
      </div>
      {(actions || whoMay) && (
        <div className="hd-actions">
          {whoMay}
          {actions}
        </div>
      )}
    </header>
  )
}

/** One or two sentences under the title: what this means now. The claim goes in `<b>`. */
export function Claim({ children }: { readonly children: ReactNode }) {
  return <p className="claim">{children}</p>
}

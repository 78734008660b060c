import type { ReactNode } from 'react'

interface SectionProps {
  readonly title: ReactNode
  /** Grey text after the title: how, since when, of how many. */
  readonly note?: ReactNode
  /** At the right: one link or small control. */
  readonly end?: ReactNode
  readonly children: ReactNode
  readonly id?: string
  /** 3 inside another section. */
  readonly level?: 2 | 3
}

/** A part of a page under its own heading; no box. */
export function Section({ title, note, end, children, id, level = 2 }: SectionProps) {
  const Heading = level === 2 ? 'h2' : 'h3'
  return (
    <section className="sec" id={id}>
      <div className="sec-head">
        <Heading>{title}</Heading>
        {note && <span className="sec-note">{note}</span>}
        {end && <span className="sec-end">{end}</span>}
      </div>
      {children}
    </section>
  )
}

interface WithAsideProps {
  readonly children: ReactNode
  readonly aside: ReactNode
  readonly asideLabel?: string
  /** 300 px unless the aside holds logs or a form. */
  readonly width?: number
}

/** Evidence at the left, decision and provenance at the right; below 1100 px one under the other. */
export function WithAside({ children, aside, asideLabel = 'Decision and context', width = 300 }: WithAsideProps) {
  return (
    <div className="two" style={{ '--aside': `${width}px` } as React.CSSProperties}>
      <div className="two-main">{children}</div>
      <aside aria-label={asideLabel}>{aside}</aside>
    </div>
  )
}

/** One block of an aside; blocks are parted by a hairline. */
export function Aside({ title, note, end, children }: Pick<SectionProps, 'title' | 'note' | 'end' | 'children'>) {
  return (
    <section className="aside-block">
      <div className="sec-head">
        <h2>{title}</h2>
        {note && <span className="sec-note">{note}</span>}
        {end && <span className="sec-end">{end}</span>}
      </div>
      {children}
    </section>
  )
}

interface NoteProps {
  readonly tone?: 'plain' | 'warn' | 'bad' | 'person'
  readonly children: ReactNode
  /** Buttons under the text. */
  readonly actions?: ReactNode
}

/** A paragraph with a coloured edge: a suggestion, a warning, a question to the reader. */
export function Note({ tone = 'plain', children, actions }: NoteProps) {
  return (
    <div className={`note note-${tone}`}>
      {children}
      {actions && <div className="row wrap mt-8">{actions}</div>}
    </div>
  )
}

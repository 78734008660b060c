import type { ReactNode } from 'react'
import { Section } from '../ui/section.tsx'

/** One part in one or more of its states. */
export function Story({
  title,
  note,
  children,
  wide = false,
}: {
  readonly title: string
  readonly note?: string
  readonly children: ReactNode
  readonly wide?: boolean
}) {
  return (
    <div style={wide ? { gridColumn: '1 / -1' } : undefined} data-story={title}>
      <Section title={title} note={note}>
        {children}
      </Section>
    </div>
  )
}

import { type ReactNode, useEffect, useRef } from 'react'
import { IconButton } from './button.tsx'
import { IconX } from './icons.ts'
import { useShortcuts } from './shortcuts.ts'

interface PeekProps {
  readonly title: ReactNode
  readonly label: string
  readonly onClose: () => void
  readonly children: ReactNode
  /** A link to the whole page. */
  readonly open?: ReactNode
}

/** A panel at the right over a list: one row's details without leaving; `?peek=run:4f1c`. */
export function Peek({ title, label, onClose, children, open }: PeekProps) {
  const panel = useRef<HTMLElement>(null)
  useShortcuts([{ keys: 'Escape', what: 'Close the panel', group: 'Panel', run: onClose }], 'overlay')
  useEffect(() => {
    const before = document.activeElement
    panel.current?.focus()
    return () => {
      if (before instanceof HTMLElement) before.focus()
    }
  }, [])
  return (
    <aside className="peek" aria-label={label} ref={panel} tabIndex={-1}>
      <div className="peek-head">
        <div className="row grow">{title}</div>
        {open}
        <IconButton label="Close" onClick={onClose}>
          <IconX className="ic" aria-hidden />
        </IconButton>
      </div>
      <div className="peek-body">{children}</div>
    </aside>
  )
}

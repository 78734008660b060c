import { type ReactNode, useEffect, useRef } from 'react'

interface LiveCellProps {
  /** The cell tints for 600 ms when this changes. */
  readonly value: string | number | null | undefined
  readonly children: ReactNode
}

/** A value that may change while it is looked at; nothing moves, it only tints. */
export function LiveCell({ value, children }: LiveCellProps) {
  const cell = useRef<HTMLSpanElement>(null)
  const last = useRef(value)
  useEffect(() => {
    if (last.current === value) return
    last.current = value
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches
    if (!still)
      cell.current?.animate([{ backgroundColor: 'var(--selected)' }, { backgroundColor: 'transparent' }], {
        duration: 600,
        easing: 'cubic-bezier(.2,0,0,1)',
      })
  }, [value])
  return (
    <span ref={cell} className="live-cell">
      {children}
    </span>
  )
}

import { type RefObject, useEffect, useState } from 'react'

/** How high an element may be to end at the window's lower edge while the page is not scrolled; follows the window's size. */
export function useRoomBelow(
  element: RefObject<HTMLElement | null>,
  { least, margin, ready }: { readonly least: number; readonly margin: number; readonly ready: boolean },
): number {
  const [room, setRoom] = useState(least)
  useEffect(() => {
    if (!ready) return
    const measure = () => {
      const node = element.current
      if (!node) return
      const scrolled = node.closest('main')?.scrollTop ?? 0
      setRoom(Math.max(least, Math.floor(innerHeight - node.getBoundingClientRect().top - scrolled - margin)))
    }
    measure()
    addEventListener('resize', measure)
    return () => removeEventListener('resize', measure)
  }, [element, least, margin, ready])
  return room
}

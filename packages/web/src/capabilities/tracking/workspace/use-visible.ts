import { useCallback, useState } from 'react'

/** Whether an element came into sight (or near it) once: what is not seen is not read. */
export function useVisible<E extends HTMLElement>(): [(node: E | null) => (() => void) | undefined, boolean] {
  const [seen, setSeen] = useState(false)
  const attach = useCallback((node: E | null) => {
    if (!node) return undefined
    const observer = new IntersectionObserver(
      (entries) => {
        if (!entries.some((entry) => entry.isIntersecting)) return
        setSeen(true)
        observer.disconnect()
      },
      { rootMargin: '300px' },
    )
    observer.observe(node)
    return () => observer.disconnect()
  }, [])
  return [attach, seen]
}

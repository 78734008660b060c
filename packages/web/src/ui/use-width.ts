import { type RefCallback, type RefObject, useCallback, useRef, useState } from 'react'

/** The width of an element in CSS pixels, followed as it changes; 0 before the first layout. */
export function useWidth<E extends HTMLElement>(): [RefCallback<E>, number, RefObject<E | null>] {
  const [width, setWidth] = useState(0)
  const element = useRef<E | null>(null)
  const attach = useCallback((node: E | null) => {
    element.current = node
    if (!node) return
    setWidth(Math.floor(node.clientWidth))
    const observer = new ResizeObserver(() => setWidth(Math.floor(node.clientWidth)))
    observer.observe(node)
    return () => {
      observer.disconnect()
      element.current = null
    }
  }, [])
  return [attach, width, element]
}

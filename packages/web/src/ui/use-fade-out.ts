import { type RefObject, useEffect } from 'react'

const focusable = 'a[href], button, input, select, textarea, [tabindex="0"]'

/**
 * Marks an element that goes on at its right (`data-more`), so that what is cut there fades out and is seen to be cut. Where nothing in it takes the focus
 * it takes it itself, so that keys can scroll it.
 */
export function useFadeOut(element: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const node = element.current
    if (!node) return
    const update = () => {
      node.toggleAttribute('data-more', node.scrollLeft + node.clientWidth < node.scrollWidth - 2)
      if (node.scrollWidth > node.clientWidth && !node.querySelector(focusable)) node.tabIndex = 0
      else node.removeAttribute('tabindex')
    }
    const observer = new ResizeObserver(update)
    observer.observe(node)
    for (const child of node.children) observer.observe(child)
    node.addEventListener('scroll', update, { passive: true })
    return () => {
      observer.disconnect()
      node.removeEventListener('scroll', update)
    }
  }, [element])
}

import { useRouter } from '@tanstack/react-router'
import type { AnchorHTMLAttributes, MouseEvent, Ref } from 'react'

interface AppLinkProps extends AnchorHTMLAttributes<HTMLAnchorElement> {
  readonly href: string
  readonly replace?: boolean
  readonly ref?: Ref<HTMLAnchorElement> | undefined
}

/** A link inside the app: no reload, and still a real link for middle click, copy and screen readers. */
export function AppLink({ href, replace = false, onClick, ...rest }: AppLinkProps) {
  const router = useRouter({ warn: false })
  function follow(event: MouseEvent<HTMLAnchorElement>) {
    onClick?.(event)
    if (event.defaultPrevented || !router || !href.startsWith('/') || event.button !== 0) return
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || rest.target === '_blank') return
    event.preventDefault()
    if (replace) router.history.replace(href)
    else router.history.push(href)
  }
  return <a href={href} onClick={follow} {...rest} />
}

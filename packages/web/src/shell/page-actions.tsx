import { createContext, type ReactNode, useContext, useEffect, useMemo, useRef, useState } from 'react'

/** Something that can be done on this page, offered by the find box. */
export interface PageAction {
  /** Verb and object: `Roll back arrival-delay-prod to v3`. */
  readonly label: string
  /** `asks first`, `opens a form`. */
  readonly what?: string
  readonly run: () => void
}

interface PageActions {
  readonly list: () => readonly PageAction[]
  readonly set: (owner: symbol, actions: readonly PageAction[] | undefined) => void
}

const PageActionsContext = createContext<PageActions | undefined>(undefined)

/** Holds the actions of the page on screen. */
export function PageActionsProvider({ children }: { readonly children: ReactNode }) {
  const owners = useRef(new Map<symbol, readonly PageAction[]>())
  const value = useMemo<PageActions>(
    () => ({
      list: () => [...owners.current.values()].flat(),
      set: (owner, actions) => {
        if (actions) owners.current.set(owner, actions)
        else owners.current.delete(owner)
      },
    }),
    [],
  )
  return <PageActionsContext value={value}>{children}</PageActionsContext>
}

/** Offers actions while the page is on screen. */
export function usePageActions(actions: readonly PageAction[]): void {
  const context = useContext(PageActionsContext)
  const [owner] = useState(() => Symbol('page'))
  useEffect(() => {
    context?.set(owner, actions)
  })
  useEffect(() => () => context?.set(owner, undefined), [context, owner])
}

/** The actions of the page now; read when the find box opens. */
export function useListedActions(): () => readonly PageAction[] {
  const context = useContext(PageActionsContext)
  return context?.list ?? (() => [])
}

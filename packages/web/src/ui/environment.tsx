import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react'
import type { EntityKey } from './entity-kinds.ts'

/** `wall`: when something was done. `event`: when it happened in the project's data; in a replay that is another year. */
export type ClockName = 'wall' | 'event'

/** What parts need to know about who reads, where and when. */
export interface UiEnvironment {
  /** The project in the URL. */
  readonly project: string | undefined
  /** IANA zone of every printed time. */
  readonly zone: string
  /** How far event time has come; undefined where it is the wall clock. */
  readonly eventNow: number | undefined
  /** The reader's own id and name: printed as "you". */
  readonly reader: { readonly id: string; readonly name: string } | undefined
  /** Renders the small card of an entity; without it chips have none. */
  readonly renderPeek: ((entity: EntityKey) => ReactNode) | undefined
  /** Renders who may act on a kind of thing, and why; stands in the head of its page. */
  readonly renderWhoMay: ((kind: string) => ReactNode) | undefined
}

const browserZone = Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC'

const EnvironmentContext = createContext<UiEnvironment & { readonly wallNow: number }>({
  project: undefined,
  zone: browserZone,
  eventNow: undefined,
  reader: undefined,
  renderPeek: undefined,
  renderWhoMay: undefined,
  wallNow: Date.now(),
})

type UiEnvironmentProviderProps = { readonly [K in keyof UiEnvironment]?: UiEnvironment[K] | undefined } & {
  readonly children: ReactNode
}

/** Hands the environment to all parts below; ages move on every half minute. */
export function UiEnvironmentProvider({
  children,
  project,
  zone,
  eventNow,
  reader,
  renderPeek,
  renderWhoMay,
}: UiEnvironmentProviderProps) {
  const [wallNow, setWallNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setWallNow(Date.now()), 30_000)
    return () => clearInterval(timer)
  }, [])
  const value = useMemo(
    () => ({ project, zone: zone ?? browserZone, eventNow, reader, renderPeek, renderWhoMay, wallNow }),
    [project, zone, eventNow, reader, renderPeek, renderWhoMay, wallNow],
  )
  return <EnvironmentContext value={value}>{children}</EnvironmentContext>
}

/** Reads the environment. */
export function useUiEnvironment(): UiEnvironment {
  return useContext(EnvironmentContext)
}

/** The present moment on a clock, in milliseconds. */
export function useNow(clock: ClockName = 'wall'): number {
  const { wallNow, eventNow } = useContext(EnvironmentContext)
  return clock === 'event' ? (eventNow ?? wallNow) : wallNow
}

import { useRouter, useRouterState } from '@tanstack/react-router'
import { useCallback, useMemo } from 'react'

/** One value of the URL: how it is read and written. */
export interface SearchField<T> {
  readonly read: (text: string | undefined) => T
  /** undefined leaves it out of the URL. */
  readonly write: (value: T) => string | undefined
}

/** Any text; left out where it is the default. */
export function text(fallback = ''): SearchField<string> {
  return { read: (value) => value ?? fallback, write: (value) => (value === fallback ? undefined : value) }
}

/** One of several words. */
export function oneOf<const T extends string>(options: readonly T[], fallback: NoInfer<T>): SearchField<T> {
  return {
    read: (value) => options.find((option) => option === value) ?? fallback,
    write: (value) => (value === fallback ? undefined : value),
  }
}

/** A number, if there is one. */
export function number(): SearchField<number | undefined> {
  return {
    read: (value) =>
      value !== undefined && value !== '' && Number.isFinite(Number(value)) ? Number(value) : undefined,
    write: (value) => (value === undefined ? undefined : String(value)),
  }
}

/** A comma-separated list. */
export function list(fallback: readonly string[] = []): SearchField<readonly string[]> {
  return {
    read: (value) => (value === undefined ? fallback : value.split(',').filter(Boolean)),
    write: (value) => (value.join(',') === fallback.join(',') ? undefined : value.join(',')),
  }
}

/** A moment, written as a day or as an ISO time in UTC. */
export function moment(): SearchField<number | undefined> {
  return {
    read: (value) => {
      const at = value === undefined ? Number.NaN : Date.parse(value)
      return Number.isNaN(at) ? undefined : at
    },
    write: (value) => {
      if (value === undefined) return undefined
      const iso = new Date(value).toISOString()
      return iso.endsWith('T00:00:00.000Z') ? iso.slice(0, 10) : iso
    },
  }
}

/** The view state of a page: names and their fields. */
export type SearchShape = Readonly<Record<string, SearchField<never> | SearchField<unknown>>>
type Values<S> = { readonly [K in keyof S]: S[K] extends SearchField<infer T> ? T : never }

/** Reads URL text as plain names and texts; nothing is JSON. */
export function parseSearch(search: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(search))
}

/** Writes URL text so that people can read it: `,` `:` `/` and comparisons stay as they are. */
export function stringifySearch(search: Readonly<Record<string, unknown>>): string {
  const parts = Object.entries(search).flatMap(([key, value]) =>
    value === undefined || value === null || value === ''
      ? []
      : [`${encodeURIComponent(key)}=${readable(String(value))}`],
  )
  return parts.length === 0 ? '' : `?${parts.join('&')}`
}

function readable(value: string): string {
  return encodeURIComponent(value)
    .replace(/%(2C|3A|2F|40|3D|21|28|29)/g, (found) => decodeURIComponent(found))
    .replaceAll('%20', '+')
}

interface SetOptions {
  /** A step back returns to the state before; off for sorting, typing and selection. */
  readonly push?: boolean
}

/** The page's view state, kept in the URL: `const [view, setView] = useSearchState(shape)`, then `setView({ tab: 'slices' })`. */
export function useSearchState<S extends Readonly<Record<string, SearchField<any>>>>(
  shape: S,
): readonly [Values<S>, (change: Partial<Values<S>>, options?: SetOptions) => void] {
  const router = useRouter()
  const search = useRouterState({ select: (state) => state.location.searchStr })
  const values = useMemo(() => {
    const found = parseSearch(search)
    return Object.fromEntries(
      Object.entries(shape).map(([name, field]) => [name, field.read(found[name])]),
    ) as Values<S>
  }, [search, shape])
  const set = useCallback(
    (change: Partial<Values<S>>, { push = false }: SetOptions = {}) => {
      const location = router.history.location
      const next: Record<string, string | undefined> = parseSearch(location.search)
      for (const [name, value] of Object.entries(change)) next[name] = shape[name]?.write(value)
      const href = `${location.pathname}${stringifySearch(next)}${location.hash}`
      if (push) router.history.push(href)
      else router.history.replace(href)
    },
    [router, shape],
  )
  return [values, set]
}

import { useSyncExternalStore } from 'react'

/** `compact` is a personal setting: rows of 26 px instead of 30. */
export type Density = 'normal' | 'compact'

const storageKey = 'trivium.density'
const listeners = new Set<() => void>()

function read(): Density {
  try {
    return localStorage.getItem(storageKey) === 'compact' ? 'compact' : 'normal'
  } catch {
    return 'normal'
  }
}

let density = typeof localStorage === 'undefined' ? 'normal' : read()

/** Chooses the height of rows for this browser. */
export function setDensity(next: Density): void {
  density = next
  try {
    if (next === 'normal') localStorage.removeItem(storageKey)
    else localStorage.setItem(storageKey, next)
  } catch {
    // storage is forbidden: lasts until the page is left
  }
  for (const listener of listeners) listener()
}

/** The height of rows that the reader chose. */
export function useDensity(): Density {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => density,
  )
}

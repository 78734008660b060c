import { useSyncExternalStore } from 'react'

export type ColorMode = 'light' | 'dark'
/** What the reader chose: `system` follows the machine. */
export type ColorPreference = ColorMode | 'system'

const storageKey = 'trivium.theme'
const listeners = new Set<() => void>()
const system = typeof matchMedia === 'function' ? matchMedia('(prefers-color-scheme: dark)') : undefined

function readPreference(): ColorPreference {
  try {
    const kept = localStorage.getItem(storageKey)
    return kept === 'light' || kept === 'dark' ? kept : 'system'
  } catch {
    return 'system' // storage is forbidden in this browser
  }
}

let preference: ColorPreference = readPreference()

function currentMode(): ColorMode {
  if (preference !== 'system') return preference
  return system?.matches ? 'dark' : 'light'
}

function apply(): void {
  document.documentElement.dataset['theme'] = currentMode()
  for (const listener of listeners) listener()
}

system?.addEventListener('change', apply)

/** Chooses the theme for this browser; `system` forgets the choice. */
export function setColorPreference(next: ColorPreference): void {
  preference = next
  try {
    if (next === 'system') localStorage.removeItem(storageKey)
    else localStorage.setItem(storageKey, next)
  } catch {
    // storage is forbidden: the choice lasts until the page is left
  }
  apply()
}

/** Switches between light and dark. */
export function toggleColorMode(): void {
  setColorPreference(currentMode() === 'dark' ? 'light' : 'dark')
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** The theme on screen; components that draw on a canvas redraw when it changes. */
export function useColorMode(): ColorMode {
  return useSyncExternalStore(subscribe, currentMode)
}

/** What the reader chose, for the settings page. */
export function useColorPreference(): ColorPreference {
  return useSyncExternalStore(subscribe, () => preference)
}

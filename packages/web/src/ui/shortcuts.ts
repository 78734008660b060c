import { useEffect, useRef, useSyncExternalStore } from 'react'

/** A key or a sequence of two, and what it does; listed under `?`. */
export interface Shortcut {
  /** `j`, `Escape`, `mod+k`, `g h`, `shift+ArrowDown`. */
  readonly keys: string
  readonly what: string
  readonly group: string
  readonly run: (event: KeyboardEvent) => void
  /** Works inside inputs too; only for `mod+` keys. */
  readonly everywhere?: boolean
}

interface Layer {
  shortcuts: readonly Shortcut[]
  readonly level: number
}

const layers: Layer[] = []
const listeners = new Set<() => void>()
let snapshot: readonly Shortcut[] = []
let pendingPrefix = ''
let prefixTimer: ReturnType<typeof setTimeout> | undefined
const storageKey = 'trivium.keys'

/** From the outermost to the innermost; the innermost wins. */
function active(): readonly Shortcut[] {
  return layers.toSorted((a, b) => a.level - b.level).flatMap((layer) => layer.shortcuts)
}

function changed(): void {
  snapshot = active()
  for (const listener of listeners) listener()
}

/** Whether single keys act; a personal setting. */
export function singleKeysEnabled(): boolean {
  try {
    return localStorage.getItem(storageKey) !== 'off'
  } catch {
    return true
  }
}

/** Turns single keys off or on for this browser. */
export function setSingleKeys(enabled: boolean): void {
  try {
    if (enabled) localStorage.removeItem(storageKey)
    else localStorage.setItem(storageKey, 'off')
  } catch {
    // storage is forbidden: stays on
  }
  changed()
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  // a box that was just ticked takes no letters
  if (target instanceof HTMLInputElement && /^(checkbox|radio)$/.test(target.type)) return false
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)
}

function dialogIsOpen(): boolean {
  return document.querySelector('[role=dialog][aria-modal=true]') !== null
}

/** The name of a key press: `mod+k`, `shift+ArrowDown`, `?`. */
export function keyName(event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'shiftKey'>): string {
  const mod = event.ctrlKey || event.metaKey ? 'mod+' : ''
  const shift = event.shiftKey && event.key.length > 1 ? 'shift+' : ''
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key
  return mod + shift + (key === ' ' ? 'Space' : key)
}

function onKeyDown(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing || event.altKey) return
  const name = keyName(event)
  const typing = isTyping(event.target)
  const withMod = name.startsWith('mod+')
  if ((typing || dialogIsOpen()) && !withMod) return
  if (!withMod && !singleKeysEnabled() && name.length === 1) return
  const sequence = pendingPrefix === '' ? name : `${pendingPrefix} ${name}`
  pendingPrefix = ''
  clearTimeout(prefixTimer)
  const all = active().toReversed()
  const hit = all.find((shortcut) => shortcut.keys === sequence && (!typing || shortcut.everywhere))
  if (hit) {
    event.preventDefault()
    hit.run(event)
  } else if (all.some((shortcut) => shortcut.keys.startsWith(`${name} `))) {
    pendingPrefix = name
    prefixTimer = setTimeout(() => {
      pendingPrefix = ''
    }, 1200)
  }
}

/** Where keys are bound: the shell, a page, or something that floats over it. */
export type ShortcutLevel = 'shell' | 'page' | 'overlay'

const levels: Record<ShortcutLevel, number> = { shell: 0, page: 1, overlay: 2 }

/** Binds keys while the component is on screen; an inner level wins over an outer one. */
export function useShortcuts(shortcuts: readonly Shortcut[], level: ShortcutLevel = 'page'): void {
  const layer = useRef<Layer>(undefined)
  const listed = shortcuts.map((shortcut) => `${shortcut.keys}\t${shortcut.what}`).join('\n')
  useEffect(() => {
    const own: Layer = { shortcuts: [], level: levels[level] }
    layer.current = own
    if (layers.length === 0) document.addEventListener('keydown', onKeyDown)
    layers.push(own)
    return () => {
      layers.splice(layers.indexOf(own), 1)
      if (layers.length === 0) document.removeEventListener('keydown', onKeyDown)
      changed()
    }
  }, [level])
  useEffect(() => {
    if (layer.current) layer.current.shortcuts = shortcuts
  })
  // the help dialog is told only when the list of keys changes, not at each render
  useEffect(() => changed(), [listed, level])
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** All keys that act on this page now, for the help dialog. */
export function useActiveShortcuts(): readonly Shortcut[] {
  return useSyncExternalStore(subscribe, () => snapshot)
}

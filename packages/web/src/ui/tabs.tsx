import { type KeyboardEvent, type ReactNode, useEffect, useRef } from 'react'
import { useShortcuts } from './shortcuts.ts'
import { useFadeOut } from './use-fade-out.ts'

/** One of several sibling views. */
export interface Tab {
  readonly id: string
  readonly label: string
  /** In grey after the label: a number, or `3 of 5`. */
  readonly count?: ReactNode
}

interface TabsProps {
  readonly tabs: readonly Tab[]
  readonly value: string
  /** Write it to the URL: `setSearch({ tab })`. */
  readonly onChange: (id: string) => void
  readonly label?: string
  /** Tabs inside a panel leave the keys 1 to 9 to the page's own. */
  readonly inner?: boolean
}

/** Sibling views of one thing; keys 1 to 9 and the arrows switch. */
export function Tabs({ tabs, value, onChange, label = 'Views', inner = false }: TabsProps) {
  const list = useRef<HTMLDivElement>(null)
  useFadeOut(list)
  // The scroll position of the list is the browser's: on a narrow screen the chosen tab may lie outside of it.
  useEffect(() => {
    const frame = list.current
    const chosen = frame?.querySelector<HTMLElement>('[aria-selected="true"]')
    if (!frame || !chosen) return
    const [left, right] = [
      chosen.offsetLeft - frame.offsetLeft,
      chosen.offsetLeft - frame.offsetLeft + chosen.offsetWidth,
    ]
    if (left < frame.scrollLeft || right > frame.scrollLeft + frame.clientWidth)
      frame.scrollLeft = left - (frame.clientWidth - chosen.offsetWidth) / 2
  }, [value])
  useShortcuts(
    inner
      ? []
      : tabs.slice(0, 9).map((tab, index) => ({
          keys: String(index + 1),
          what: tab.label,
          group: 'Tabs',
          run: () => onChange(tab.id),
        })),
  )
  function move(event: KeyboardEvent) {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0
    if (step === 0) return
    event.preventDefault()
    const index = (tabs.findIndex((tab) => tab.id === value) + step + tabs.length) % tabs.length
    const next = tabs[index]
    if (!next) return
    onChange(next.id)
    list.current?.querySelectorAll<HTMLElement>('[role=tab]')[index]?.focus()
  }
  return (
    <div className="tabs" role="tablist" aria-label={label} ref={list} onKeyDown={move}>
      {tabs.map((tab) => (
        <button
          key={tab.id}
          type="button"
          role="tab"
          id={`tab-${tab.id}`}
          aria-selected={tab.id === value}
          tabIndex={tab.id === value ? 0 : -1}
          onClick={() => onChange(tab.id)}
        >
          {tab.label}
          {tab.count !== undefined && tab.count !== null && <span className="tabs-count">{tab.count}</span>}
        </button>
      ))}
    </div>
  )
}

/** What a tab shows. */
export function TabPanel({ tab, children }: { readonly tab: string; readonly children: ReactNode }) {
  return (
    <div role="tabpanel" aria-labelledby={`tab-${tab}`} className="tab-panel">
      {children}
    </div>
  )
}

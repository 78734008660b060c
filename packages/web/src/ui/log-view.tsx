import { useClipboard } from '@mantine/hooks'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useMemo, useRef, useState } from 'react'
import { Button } from './button.tsx'
import { useUiEnvironment } from './environment.tsx'
import { formatCount, formatPlural } from './format-number.ts'
import { formatLogTime } from './format-time.ts'
import { IconSearch } from './icons.ts'
import { useShortcuts } from './shortcuts.ts'
import type { TerminalPart } from './terminal-text.ts'

/** One line of a log. */
export interface LogLine {
  readonly at: number
  readonly level?: 'info' | 'warn' | 'error' | undefined
  readonly text: string
  /** The same text with the looks that the program gave it. */
  readonly parts?: readonly TerminalPart[] | undefined
}

interface LogViewProps {
  readonly lines: readonly LogLine[]
  /** The step is still writing: keeps to the end until the reader scrolls. */
  readonly live?: boolean
  readonly height?: number
  /** The address of a line, for copying: `?line=12`. */
  readonly lineHref?: (index: number) => string
  /** The line in the URL, marked and scrolled to. */
  readonly line?: number | undefined
  /** How many earlier lines are not shown. */
  readonly omitted?: number
}

const lineHeight = 19

/** A log: time in grey, warnings and errors on soft ground; `E` goes to the first error. */
export function LogView({ lines, live = false, height = 320, lineHref, line, omitted = 0 }: LogViewProps) {
  const { zone } = useUiEnvironment()
  const frame = useRef<HTMLDivElement>(null)
  const [following, setFollowing] = useState(live && line === undefined)
  const [search, setSearch] = useState('')
  const { copied, copy } = useClipboard({ timeout: 1200 })
  const firstError = lines.findIndex((one) => one.level === 'error')
  const hits = useMemo(() => {
    const wanted = search.toLowerCase()
    return wanted === '' ? [] : lines.flatMap((one, index) => (one.text.toLowerCase().includes(wanted) ? [index] : []))
  }, [lines, search])
  const [hit, setHit] = useState(0)
  // oxlint-disable-next-line react/incompatible-library -- no compiler memoises this component
  const virtualizer = useVirtualizer({
    count: lines.length,
    getScrollElement: () => frame.current,
    estimateSize: () => lineHeight,
    overscan: 20,
  })
  const goTo = (index: number) => {
    setFollowing(false)
    virtualizer.scrollToIndex(index, { align: 'center' })
  }
  useShortcuts(firstError >= 0 ? [{ keys: 'e', what: 'First error', group: 'Log', run: () => goTo(firstError) }] : [])
  useEffect(() => {
    if (following && lines.length > 0) virtualizer.scrollToIndex(lines.length - 1, { align: 'end' })
  }, [following, lines.length, virtualizer])
  useEffect(() => {
    if (line !== undefined) virtualizer.scrollToIndex(line, { align: 'center' })
  }, [line, virtualizer])

  const wide = lines.length * lineHeight > height
  return (
    <div className="log">
      {(lines.length > 12 || live) && (
        <div className="log-tools">
          <div className="inp inp-small">
            <IconSearch className="ic s t3" aria-hidden />
            <input
              aria-label="Search the log"
              placeholder="Search"
              value={search}
              onChange={(event) => {
                setSearch(event.target.value)
                setHit(0)
              }}
              onKeyDown={(event) => {
                if (event.key !== 'Enter' || hits.length === 0) return
                const next = (hit + (event.shiftKey ? hits.length - 1 : 1)) % hits.length
                setHit(next)
                goTo(hits[next] ?? 0)
              }}
            />
            {search !== '' && (
              <span className="t3 sm nowrap">
                {hits.length === 0 ? 'none' : `${hit + 1} of ${formatCount(hits.length)}`}
              </span>
            )}
          </div>
          {firstError >= 0 && (
            <Button look="quiet" size="small" onClick={() => goTo(firstError)}>
              First error <kbd>E</kbd>
            </Button>
          )}
          <span className="t3 sm push">{formatPlural(lines.length + omitted, 'line')}</span>
          {live && (
            <Button look="quiet" size="small" aria-pressed={following} onClick={() => setFollowing(!following)}>
              {following ? 'Following' : 'Follow'}
            </Button>
          )}
        </div>
      )}
      <div
        ref={frame}
        className="log-frame"
        role="log"
        aria-live="off"
        aria-label="Log"
        tabIndex={wide ? 0 : undefined}
        style={{ height: wide ? height : undefined }}
        onWheel={(event) => event.deltaY < 0 && setFollowing(false)}
        onScroll={(event) => {
          const { scrollTop, scrollHeight, clientHeight } = event.currentTarget
          if (live && scrollTop + clientHeight >= scrollHeight - 2) setFollowing(true)
        }}
      >
        {omitted > 0 && <div className="log-line t3">{formatPlural(omitted, 'earlier line')} not shown</div>}
        <div className="log-lines" style={{ height: virtualizer.getTotalSize() }}>
          {virtualizer.getVirtualItems().map(({ index, start }) => {
            const one = lines[index]
            if (!one) return null
            return (
              <div
                key={index}
                className={`log-line log-${one.level ?? 'info'}`}
                data-marked={index === line || (search !== '' && index === hits[hit]) || undefined}
                style={{ transform: `translateY(${start}px)` }}
              >
                {lineHref ? (
                  <button
                    type="button"
                    className="log-time"
                    title={copied ? 'copied' : 'Copy a link to this line'}
                    onClick={() => copy(new URL(lineHref(index), location.href).href)}
                  >
                    {formatLogTime(one.at, zone)}
                  </button>
                ) : (
                  <span className="log-time">{formatLogTime(one.at, zone)}</span>
                )}
                <span>
                  {one.parts === undefined || one.level === 'error' || one.level === 'warn'
                    ? one.text
                    : one.parts.map((part, at) => (
                        <span key={at} data-tone={part.tone} data-bold={part.bold}>
                          {part.text}
                        </span>
                      ))}
                </span>
              </div>
            )
          })}
        </div>
      </div>
    </div>
  )
}

import { type KeyboardEvent, type ReactNode, useId, useLayoutEffect, useRef, useState } from 'react'
import { completeFilter, type FilterField, tokenizeFilter } from './filter-syntax.ts'
import { formatCount } from './format-number.ts'
import { IconFilter, IconX } from './icons.ts'
import { useShortcuts } from './shortcuts.ts'

interface QueryBarProps {
  /** The filter in the URL. */
  readonly value: string
  /** Called on Enter, on leaving, and when a facet writes into it. */
  readonly onChange: (filter: string) => void
  readonly fields: readonly FilterField[]
  readonly matched?: number | undefined
  readonly total?: number | undefined
  /** What the server said about the filter. */
  readonly error?: string | undefined
  /** From which character of the filter to which it is wrong: underlined. */
  readonly errorAt?: readonly [number, number] | undefined
  readonly placeholder?: string
  /** Group, columns, saved views: at the right. */
  readonly children?: ReactNode
}

/** The list's filter, in the API's own language, with completion; `F` goes there. */
export function QueryBar({
  value,
  onChange,
  fields,
  matched,
  total,
  error,
  errorAt,
  placeholder = 'Filter',
  children,
}: QueryBarProps) {
  const [draft, setDraft] = useState(value)
  const [caret, setCaret] = useState(0)
  const [open, setOpen] = useState(false)
  const [active, setActive] = useState(-1)
  const [given, setGiven] = useState(value)
  const input = useRef<HTMLInputElement>(null)
  const nextCaret = useRef<number>(undefined)
  const listId = useId()
  if (given !== value) {
    setGiven(value)
    setDraft(value)
  }
  useShortcuts([{ keys: 'f', what: 'Filter', group: 'List', run: () => input.current?.focus() }])
  useLayoutEffect(() => {
    if (nextCaret.current === undefined) return
    input.current?.setSelectionRange(nextCaret.current, nextCaret.current)
    nextCaret.current = undefined
  })

  const completion = completeFilter(draft, caret, fields)
  const choices = open ? completion.choices : []
  const apply = (text: string) => {
    setOpen(false)
    if (text.trim() !== value) onChange(text.trim())
  }
  function choose(text: string) {
    const next = `${draft.slice(0, completion.from)}${text} ${draft.slice(completion.to).trimStart()}`
    nextCaret.current = completion.from + text.length + 1
    setDraft(next)
    setCaret(nextCaret.current)
    setActive(-1)
  }
  function onKeyDown(event: KeyboardEvent<HTMLInputElement>) {
    if (event.key === 'Escape') {
      if (choices.length > 0) setOpen(false)
      else input.current?.blur()
    } else if (event.key === 'Enter') {
      const chosen = choices[active]
      if (chosen) choose(chosen.text)
      else apply(draft)
    } else if (
      event.key === 'Tab' &&
      choices[Math.max(active, 0)] &&
      open &&
      !event.shiftKey &&
      completion.from < completion.to
    ) {
      choose(choices[Math.max(active, 0)]?.text ?? '')
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      if (choices.length === 0) setOpen(true)
      else if (event.key === 'ArrowDown') setActive((active + 1) % choices.length)
      else setActive(active <= 0 ? choices.length - 1 : active - 1)
    } else return
    event.preventDefault()
  }

  // The place is that of the filter which was asked; while somebody types it may be another.
  const isWrong = ({ from, text }: { readonly from: number; readonly text: string }) =>
    error !== undefined &&
    errorAt !== undefined &&
    draft === value &&
    text.trim() !== '' &&
    from < Math.max(errorAt[1], errorAt[0] + 1) &&
    from + text.length > Math.min(errorAt[0], draft.length - 1)

  return (
    <div className="query">
      <div className="query-box">
        <div className="inp" data-invalid={error ? true : undefined}>
          <IconFilter className="ic s t3" aria-hidden />
          <div className="query-text mono">
            <div className="query-colours" aria-hidden>
              {tokenizeFilter(draft).map((token) => (
                <span key={token.from} className={`q-${token.kind}${isWrong(token) ? ' q-wrong' : ''}`}>
                  {token.kind === 'field' ? <FieldText text={token.text} /> : token.text}
                </span>
              ))}
            </div>
            <input
              ref={input}
              role="combobox"
              aria-label="Filter"
              aria-expanded={choices.length > 0}
              aria-controls={listId}
              aria-autocomplete="list"
              aria-activedescendant={choices[active] ? `${listId}-${active}` : undefined}
              aria-invalid={error ? true : undefined}
              autoComplete="off"
              spellCheck={false}
              placeholder={placeholder}
              value={draft}
              onChange={(event) => {
                setDraft(event.target.value)
                setCaret(event.target.selectionStart ?? event.target.value.length)
                setOpen(true)
                setActive(-1)
              }}
              onSelect={(event) => setCaret(event.currentTarget.selectionStart ?? 0)}
              onScroll={(event) => {
                const colours = event.currentTarget.previousElementSibling
                if (colours) colours.scrollLeft = event.currentTarget.scrollLeft
              }}
              onFocus={() => setOpen(true)}
              onBlur={() => apply(draft)}
              onKeyDown={onKeyDown}
            />
          </div>
          {matched !== undefined && (
            <span className="t3 sm nowrap" role="status">
              {total !== undefined && total !== matched
                ? `${formatCount(matched)} of ${formatCount(total)}`
                : formatCount(matched)}
            </span>
          )}
          {draft !== '' && (
            <button
              type="button"
              className="icon-btn"
              aria-label="Clear filter"
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => {
                setDraft('')
                onChange('')
              }}
            >
              <IconX className="ic s" aria-hidden />
            </button>
          )}
        </div>
        {choices.length > 0 && (
          <ul className="pop query-choices" role="listbox" id={listId} aria-label="Completions">
            {choices.map((choice, index) => (
              <li
                key={choice.text}
                id={`${listId}-${index}`}
                role="option"
                aria-selected={index === active}
                onMouseDown={(event) => {
                  event.preventDefault()
                  choose(choice.text)
                }}
              >
                <span className="mono">{choice.text}</span>
                <span className="t3 sm push">{choice.what}</span>
              </li>
            ))}
          </ul>
        )}
        {error && <p className="field-error">{error}</p>}
      </div>
      {children && <div className="query-side">{children}</div>}
    </div>
  )
}

function FieldText({ text }: { readonly text: string }) {
  const dot = text.indexOf('.')
  if (dot < 0) return text
  return (
    <>
      <span className="t3">{text.slice(0, dot + 1)}</span>
      {text.slice(dot + 1)}
    </>
  )
}

import { useRouter } from '@tanstack/react-router'
import { type ColumnDef, getCoreRowModel, getSortedRowModel, type Row, useReactTable } from '@tanstack/react-table'
import { useVirtualizer } from '@tanstack/react-virtual'
import { type KeyboardEvent, type MouseEvent, type ReactNode, useEffect, useMemo, useRef, useState } from 'react'
import { useDensity } from './density.ts'
import { Checkbox } from './field.tsx'
import { IconArrow } from './icon-arrow.tsx'
import { rememberList } from './list-walk.ts'
import { useShortcuts } from './shortcuts.ts'
import { formatSort, nextSort, parseSort } from './table-sort.ts'
import { useFadeOut } from './use-fade-out.ts'
import { useWidth } from './use-width.ts'

/** One column. */
export interface Column<T> {
  readonly id: string
  readonly head: ReactNode
  /** In grey after the head: ms, miles, %. Never in the cells. */
  readonly unit?: string
  /** Numbers right, text left. */
  readonly align?: 'left' | 'right'
  readonly cell: (row: T) => ReactNode
  /** What rows are sorted by here; without it a click asks the server (`onSortChange`), if `sortable`. */
  readonly sortBy?: (row: T) => string | number | null | undefined
  readonly sortable?: boolean
  /** CSS width: `96px`, `20%`; the rest is shared. */
  readonly width?: string
  /** Stays at the left while the table scrolls sideways: the name. */
  readonly sticky?: boolean
  /** Long text is cut and shown whole on hover. */
  readonly cut?: boolean
  /** Left out where the table is narrower than this many pixels; the row's own page has it. */
  readonly from?: number
}

interface DataTableProps<T> {
  /** What the rows are, for screen readers: `Runs of arrival-delay`. */
  readonly label: string
  readonly columns: readonly Column<T>[]
  readonly rows: readonly T[]
  readonly rowKey: (row: T) => string
  /** `-metrics.auc,name`; keep it in the URL. */
  readonly sort?: string | undefined
  readonly onSortChange?: (sort: string) => void
  readonly selection?: ReadonlySet<string>
  readonly onSelectionChange?: (selection: ReadonlySet<string>) => void
  readonly rowHref?: (row: T) => string
  readonly onPeek?: (row: T) => void
  /** On top, on `--sunken`: the baseline. */
  readonly pinned?: readonly T[]
  /** Which of those on top can be selected; all unless said. */
  readonly canSelect?: (row: T) => boolean
  readonly tone?: (row: T) => 'warn' | 'bad' | 'selected' | 'faint' | undefined
  readonly density?: 'normal' | 'compact' | 'two-line'
  /** Scrolls inside this height; from 200 rows it always does. */
  readonly height?: number | string
  /** The line under the table: how many match, how to clear. */
  readonly foot?: ReactNode
  /** Binds J, K, Enter, Space, P on the page; one table a page. */
  readonly keys?: boolean
  /** The reader comes near the last row: the moment to read more. */
  readonly onEnd?: (() => void) | undefined
  /** Leaves the head out, for lists of two or three columns. */
  readonly headless?: boolean
}

const rowHeights = { normal: 30, compact: 26, 'two-line': 46 }
const virtualFrom = 200
const overscan = 12
const nearEnd = 60

/** Rows and columns with sorting, selection and keys; virtual from 200 rows. */
export function DataTable<T>(props: DataTableProps<T>) {
  const {
    label,
    columns: allColumns,
    rows,
    rowKey,
    sort,
    onSortChange,
    selection,
    onSelectionChange,
    rowHref,
    onPeek,
    pinned = [],
    canSelect = () => true,
    tone,
    height,
    foot,
    onEnd,
    headless = false,
  } = props
  const chosen = useDensity()
  const density = props.density === undefined || props.density === 'normal' ? chosen : props.density
  const keys = props.keys ?? (rowHref !== undefined || onSelectionChange !== undefined)
  const router = useRouter({ warn: false })
  const [localSort, setLocalSort] = useState('')
  const [active, setActive] = useState(-1)
  const anchor = useRef(-1)
  const body = useRef<HTMLTableSectionElement>(null)
  const [setFrame, frameWidth, frame] = useWidth<HTMLDivElement>()
  useFadeOut(frame)
  const columns = useMemo(
    () => allColumns.filter(({ from = 0 }) => frameWidth === 0 || frameWidth >= from),
    [allColumns, frameWidth],
  )
  const sorting = useMemo(() => parseSort(sort ?? localSort), [sort, localSort])
  const definitions = useMemo<ColumnDef<T>[]>(
    () =>
      columns.map((column) =>
        column.sortBy
          ? {
              id: column.id,
              accessorFn: (row) => column.sortBy?.(row) ?? undefined,
              sortUndefined: 'last',
              sortDescFirst: true,
            }
          : { id: column.id, enableSorting: false, accessorFn: () => undefined },
      ),
    [columns],
  )
  // oxlint-disable-next-line react/incompatible-library -- no compiler memoises this component
  const table = useReactTable<T>({
    data: rows as T[],
    columns: definitions,
    state: { sorting: sorting.filter((key) => columns.some((column) => column.id === key.id && column.sortBy)) },
    getRowId: rowKey,
    getCoreRowModel: getCoreRowModel(),
    getSortedRowModel: getSortedRowModel(),
    // there are no pages to go back to; without this each new array of columns or rows would render again
    autoResetAll: false,
    manualSorting: !columns.some((column) => column.sortBy),
  })
  const sorted = table.getRowModel().rows
  const virtual = sorted.length >= virtualFrom
  const rowHeight = rowHeights[density]
  const virtualizer = useVirtualizer({
    count: virtual ? sorted.length : 0,
    getScrollElement: () => frame.current,
    estimateSize: () => rowHeight,
    overscan,
    scrollMargin: 0,
  })
  const items = virtual ? virtualizer.getVirtualItems() : undefined
  const lastShown = items?.at(-1)?.index ?? -1
  useEffect(() => {
    if (lastShown >= sorted.length - nearEnd && lastShown >= 0) onEnd?.()
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- once for each stretch of rows, not for each new function
  }, [lastShown, sorted.length])
  const shown: { row: Row<T>; index: number }[] = items
    ? items.flatMap(({ index }) => (sorted[index] ? [{ row: sorted[index], index }] : []))
    : sorted.map((row, index) => ({ row, index }))
  const before = items?.[0]?.start ?? 0
  const after = items ? virtualizer.getTotalSize() - (items.at(-1)?.end ?? 0) : 0
  const width = columns.length + (onSelectionChange ? 1 : 0)

  const focusRow = (index: number) => {
    const next = Math.max(0, Math.min(sorted.length - 1, index))
    if (sorted.length === 0) return
    setActive(next)
    if (virtual) virtualizer.scrollToIndex(next)
    requestAnimationFrame(() => body.current?.querySelector<HTMLElement>(`[data-index="${next}"]`)?.focus())
  }
  const open = (row: Row<T>) => {
    if (!rowHref || !router) return
    rememberList(sorted.map((one) => rowHref(one.original)))
    router.history.push(rowHref(row.original))
  }
  const select = (index: number, range: boolean) => {
    const row = sorted[index]
    if (!onSelectionChange || !row) return
    const next = new Set(selection)
    const from = range && anchor.current >= 0 ? anchor.current : index
    const on = range ? true : !next.has(row.id)
    for (let i = Math.min(from, index); i <= Math.max(from, index); i++) {
      const id = sorted[i]?.id
      if (id === undefined) continue
      if (on) next.add(id)
      else next.delete(id)
    }
    anchor.current = index
    onSelectionChange(next)
  }
  const act = (key: string, shift: boolean, index: number): boolean => {
    const row = sorted[index]
    if (key === 'ArrowDown' || key === 'ArrowUp') {
      const next = index + (key === 'ArrowDown' ? 1 : -1)
      if (shift && onSelectionChange) {
        if (anchor.current < 0) anchor.current = index
        select(Math.max(0, Math.min(sorted.length - 1, next)), true)
      }
      focusRow(next)
    } else if (key === 'Enter' && row && rowHref) open(row)
    else if (key === ' ' && onSelectionChange) select(index, false)
    else if (key === 'Home' || key === 'End') focusRow(key === 'Home' ? 0 : sorted.length - 1)
    else return false
    return true
  }
  useShortcuts(
    keys
      ? [
          { keys: 'j', what: 'Next row', group: 'List', run: () => focusRow(active + 1) },
          { keys: 'k', what: 'Previous row', group: 'List', run: () => focusRow(active < 0 ? 0 : active - 1) },
          ...(onPeek
            ? [{ keys: 'p', what: 'Peek', group: 'List', run: () => sorted[active] && onPeek(sorted[active].original) }]
            : []),
          ...(onSelectionChange
            ? [{ keys: 'Escape', what: 'Clear selection', group: 'List', run: () => onSelectionChange(new Set()) }]
            : []),
        ]
      : [],
  )

  const changeSort = (column: Column<T>, add: boolean) => {
    const next = nextSort(sort ?? localSort, column.id, add)
    if (onSortChange) onSortChange(next)
    else setLocalSort(next)
  }
  const allSelected = sorted.length > 0 && sorted.every((row) => selection?.has(row.id))
  const cells = (row: T) =>
    columns.map((column) => (
      <td key={column.id} className={cellClass(column)}>
        {column.cut ? <div className="trunc">{column.cell(row)}</div> : column.cell(row)}
      </td>
    ))

  return (
    <div className="table-block">
      <div
        ref={setFrame}
        className="table-frame"
        data-scroll={virtual || height !== undefined || undefined}
        style={virtual || height !== undefined ? { maxHeight: height ?? 'min(72vh, 760px)' } : undefined}
        data-narrow={frameWidth > 0 && frameWidth < 700 ? true : undefined}
      >
        <table
          className={`data data-${density}`}
          aria-label={label}
          aria-rowcount={virtual ? sorted.length + 1 : undefined}
        >
          {!headless && (
            <thead>
              <tr>
                {onSelectionChange && (
                  <th className="col-check">
                    <Checkbox
                      label="Select all rows"
                      hideLabel
                      checked={allSelected}
                      indeterminate={!allSelected && sorted.some((row) => selection?.has(row.id))}
                      onChange={() => onSelectionChange(allSelected ? new Set() : new Set(sorted.map((row) => row.id)))}
                    />
                  </th>
                )}
                {columns.map((column) => (
                  <Head
                    key={column.id}
                    column={column}
                    sorting={sorting}
                    onSort={column.sortBy || (column.sortable && onSortChange) ? changeSort : undefined}
                  />
                ))}
              </tr>
            </thead>
          )}
          <tbody ref={body}>
            {pinned.map((row) => (
              <tr key={`pinned-${rowKey(row)}`} className="pinned">
                {onSelectionChange && (
                  <td className="col-check">
                    {canSelect(row) && (
                      <Checkbox
                        label="Select row"
                        hideLabel
                        checked={selection?.has(rowKey(row)) ?? false}
                        onChange={() => onSelectionChange(toggled(selection, rowKey(row)))}
                      />
                    )}
                  </td>
                )}
                {cells(row)}
              </tr>
            ))}
            {before > 0 && <tr aria-hidden className="spacer" style={{ height: before }} />}
            {shown.map(({ row, index }) => (
              <tr
                key={row.id}
                data-index={index}
                aria-rowindex={virtual ? index + 2 : undefined}
                aria-selected={onSelectionChange ? (selection?.has(row.id) ?? false) : undefined}
                data-tone={tone?.(row.original)}
                data-active={index === active || undefined}
                data-opens={rowHref ? true : undefined}
                tabIndex={keys ? (index === Math.max(active, 0) ? 0 : -1) : undefined}
                onFocus={() => setActive(index)}
                onKeyDown={(event: KeyboardEvent) => {
                  if (event.target !== event.currentTarget) return
                  if (act(event.key, event.shiftKey, index)) event.preventDefault()
                }}
                onClick={(event: MouseEvent) => {
                  const target = event.target as HTMLElement
                  if (target.closest('a')) {
                    if (rowHref) rememberList(sorted.map((one) => rowHref(one.original)))
                    return
                  }
                  if (
                    !rowHref ||
                    target.closest('button,input,label,select') ||
                    event.metaKey ||
                    event.ctrlKey ||
                    String(getSelection() ?? '') !== ''
                  )
                    return
                  open(row)
                }}
              >
                {onSelectionChange && (
                  <td className="col-check">
                    <Checkbox
                      label="Select row"
                      hideLabel
                      tabIndex={-1}
                      checked={selection?.has(row.id) ?? false}
                      onChange={(event) =>
                        select(index, (event.nativeEvent as unknown as { shiftKey?: boolean }).shiftKey ?? false)
                      }
                    />
                  </td>
                )}
                {cells(row.original)}
              </tr>
            ))}
            {after > 0 && <tr aria-hidden className="spacer" style={{ height: after }} />}
          </tbody>
        </table>
      </div>
      {foot && (
        <div className="table-foot" style={{ paddingLeft: onSelectionChange && width > 1 ? 28 : 0 }}>
          {foot}
        </div>
      )}
    </div>
  )
}

function toggled(set: ReadonlySet<string> | undefined, id: string): ReadonlySet<string> {
  const next = new Set(set)
  if (!next.delete(id)) next.add(id)
  return next
}

function cellClass<T>(column: Column<T>): string {
  return [column.align === 'right' ? 'r' : '', column.sticky ? 'sticky' : '', column.cut ? 'cut' : '']
    .filter(Boolean)
    .join(' ')
}

/** What a column without a visible head is called to whoever hears the table. */
const headlessWord = (id: string) => (id === 'act' || id === 'do' ? 'actions' : id)

interface HeadProps<T> {
  readonly column: Column<T>
  readonly sorting: ReturnType<typeof parseSort>
  readonly onSort: ((column: Column<T>, add: boolean) => void) | undefined
}

function Head<T>({ column, sorting, onSort }: HeadProps<T>) {
  const order = sorting.findIndex((key) => key.id === column.id)
  const key = sorting[order]
  const text = (
    <>
      {column.head === '' ? <span className="sr-only">{headlessWord(column.id)}</span> : column.head}
      {column.unit && <span className="t3"> {column.unit}</span>}
    </>
  )
  return (
    <th
      scope="col"
      className={cellClass(column)}
      style={column.width ? { width: column.width } : undefined}
      aria-sort={key ? (key.desc ? 'descending' : 'ascending') : undefined}
    >
      {onSort ? (
        <button
          type="button"
          className="head-sort"
          onClick={(event) => onSort(column, event.shiftKey)}
          title={`Sort; Shift adds a second key (${formatSort(sorting) || 'now unsorted'})`}
        >
          <span>{text}</span>
          <IconArrow up={key ? !key.desc : false} shown={key !== undefined} />
          {key && sorting.length > 1 && <span className="head-order">{order + 1}</span>}
        </button>
      ) : (
        text
      )}
    </th>
  )
}

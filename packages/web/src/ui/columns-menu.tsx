import { Popover } from '@mantine/core'
import { Button } from './button.tsx'
import { useState } from 'react'
import { Checkbox, TextField } from './field.tsx'
import { formatPlural } from './format-number.ts'
import { IconColumns } from './icons.ts'

interface ColumnsMenuProps {
  readonly columns: readonly { readonly id: string; readonly label: string; readonly fixed?: boolean }[]
  /** Ids in order; keep them in the URL as `cols`. */
  readonly visible: readonly string[]
  readonly onChange: (visible: string[]) => void
  /** What is chosen, and several of it. */
  readonly what?: readonly [string, string]
}

const searchedFrom = 20
const mostShown = 200

/** Chooses the columns of a table; many are searched by name, and only the first of those found are drawn. */
export function ColumnsMenu({ columns, visible, onChange, what = ['column', 'columns'] }: ColumnsMenuProps) {
  const [wanted, setWanted] = useState('')
  const word = wanted.trim().toLowerCase()
  const found = columns.filter((column) => column.label.toLowerCase().includes(word))
  const chosen = new Set(visible)
  // What is shown stands first where there are too many to look through.
  const sorted =
    columns.length < searchedFrom
      ? found
      : [...found.filter((one) => chosen.has(one.id)), ...found.filter((one) => !chosen.has(one.id))]
  return (
    <Popover position="bottom-end" shadow="md" withinPortal trapFocus>
      <Popover.Target>
        <Button look="quiet" icon={<IconColumns className="ic s" aria-hidden />}>
          {formatPlural(visible.length, ...what)}
        </Button>
      </Popover.Target>
      <Popover.Dropdown className="pop menu-list" aria-label={what[1].charAt(0).toUpperCase() + what[1].slice(1)}>
        {columns.length >= searchedFrom && (
          <TextField
            label={`Find among ${formatPlural(columns.length, 'column')}`}
            value={wanted}
            onChange={(event) => setWanted(event.target.value)}
          />
        )}
        {sorted.slice(0, mostShown).map((column) => (
          <Checkbox
            key={column.id}
            label={column.label}
            checked={chosen.has(column.id)}
            disabled={column.fixed ?? false}
            onChange={(event) => {
              const on = event.target.checked
              onChange(columns.filter((one) => (one.id === column.id ? on : chosen.has(one.id))).map((one) => one.id))
            }}
          />
        ))}
        {sorted.length > mostShown && (
          <p className="t3 sm">{formatPlural(sorted.length - mostShown, 'more column')}; type a part of the name.</p>
        )}
      </Popover.Dropdown>
    </Popover>
  )
}

import { Popover } from '@mantine/core'
import { Button } from './button.tsx'
import { Checkbox } from './field.tsx'
import { formatPlural } from './format-number.ts'
import { IconColumns } from './icons.ts'

interface ColumnsMenuProps {
  readonly columns: readonly { readonly id: string; readonly label: string; readonly fixed?: boolean }[]
  /** Ids in order; keep them in the URL as `cols`. */
  readonly visible: readonly string[]
  readonly onChange: (visible: string[]) => void
}

/** Chooses the columns of a table. */
export function ColumnsMenu({ columns, visible, onChange }: ColumnsMenuProps) {
  return (
    <Popover position="bottom-end" shadow="md" withinPortal trapFocus>
      <Popover.Target>
        <Button look="quiet" icon={<IconColumns className="ic s" aria-hidden />}>
          {formatPlural(visible.length, 'column')}
        </Button>
      </Popover.Target>
      <Popover.Dropdown className="pop menu-list" aria-label="Columns">
        {columns.map((column) => (
          <Checkbox
            key={column.id}
            label={column.label}
            checked={visible.includes(column.id)}
            disabled={column.fixed ?? false}
            onChange={(event) => {
              const on = event.target.checked
              onChange(
                columns.filter((one) => (one.id === column.id ? on : visible.includes(one.id))).map((one) => one.id),
              )
            }}
          />
        ))}
      </Popover.Dropdown>
    </Popover>
  )
}

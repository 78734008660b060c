import { createPortal } from 'react-dom'
import { formatCount } from './format-number.ts'
import { IconX } from './icons.ts'
import { useShortcuts } from './shortcuts.ts'

/** What can be done with the selected rows. */
export interface SelectionAction {
  readonly label: string
  /** A single key, shown after the label: `c`. */
  readonly key?: string
  readonly onAct: () => void
  readonly main?: boolean
  /** Why not, with this selection: `choose two`. */
  readonly denied?: string | undefined
}

interface SelectionBarProps {
  readonly count: number
  /** How many of them the filter hides. */
  readonly hidden?: number
  readonly actions: readonly SelectionAction[]
  readonly onClear: () => void
}

/** The dark bar at the bottom while rows are selected. */
export function SelectionBar({ count, hidden = 0, actions, onClear }: SelectionBarProps) {
  useShortcuts(
    count === 0
      ? []
      : actions.flatMap((action) =>
          action.key && !action.denied
            ? [{ keys: action.key, what: action.label, group: 'Selection', run: action.onAct }]
            : [],
        ),
  )
  if (count === 0) return null
  return createPortal(
    <div className="selection-bar" role="region" aria-label="Selected rows">
      <span role="status">
        {formatCount(count)} selected{hidden > 0 && `, ${formatCount(hidden)} hidden by the filter`}
      </span>
      <span className="selection-line" aria-hidden />
      {actions.map((action) => (
        <button
          key={action.label}
          type="button"
          className={action.main ? 'm' : undefined}
          aria-disabled={action.denied ? true : undefined}
          title={action.denied}
          onClick={() => !action.denied && action.onAct()}
        >
          {action.label}
          {action.key && <span className="selection-key">{action.key.toUpperCase()}</span>}
        </button>
      ))}
      <button type="button" aria-label="Clear selection" onClick={onClear}>
        <IconX className="ic s" aria-hidden />
      </button>
    </div>,
    document.body,
  )
}

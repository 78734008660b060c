import type { InboxItem } from '@trivium/contract'
import { StateGlyph } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'
import './inbox.css'

interface InboxListProps {
  readonly items: readonly InboxItem[]
  readonly chosen: string
  readonly onChoose: (id: string) => void
}

/** The items as a list of buttons; the chosen one is marked at its edge. */
export function InboxList({ items, chosen, onChoose }: InboxListProps) {
  return (
    <ul className="inbox-list" aria-label="Decisions">
      {items.map((item) => (
        <li key={item.id}>
          <button
            type="button"
            className="inbox-item"
            aria-current={item.id === chosen}
            onClick={() => onChoose(item.id)}
          >
            <StateGlyph kind={item.state === 'open' ? 'person' : item.state === 'decided' ? 'ok' : 'idle'} />
            <span className="grow">
              <span className="m inbox-title">{item.title}</span>
              <span className="sm t2 inbox-line">
                {item.kind}, asked by {item.openedByName.startsWith('system:') ? 'Trivium' : item.openedByName},{' '}
                <Time at={item.openedAt} show="age" />
              </span>
            </span>
          </button>
        </li>
      ))}
    </ul>
  )
}

import { Modal } from '@mantine/core'
import { Checkbox } from '../ui/field.tsx'
import { setSingleKeys, singleKeysEnabled, useActiveShortcuts } from '../ui/shortcuts.ts'
import { dialogAttributes } from '../ui/dialog-attributes.ts'

const names: Record<string, string> = {
  mod: 'Ctrl',
  shift: 'Shift',
  arrowdown: '↓',
  arrowup: '↑',
  escape: 'Esc',
  space: 'Space',
  enter: 'Enter',
}

function Keys({ keys }: { readonly keys: string }) {
  return keys.split(/[ +]/).map((key) => <kbd key={key}>{names[key.toLowerCase()] ?? key.toUpperCase()}</kbd>)
}

/** All keys that act on this page now. */
export function KeyboardHelp({ opened, onClose }: { readonly opened: boolean; readonly onClose: () => void }) {
  const shortcuts = useActiveShortcuts()
  const groups = [...new Set(shortcuts.map((shortcut) => shortcut.group))]
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title="Keys of this page"
      size={620}
      withCloseButton={false}
      transitionProps={{ duration: 140, transition: 'fade' }}
      attributes={dialogAttributes}
      classNames={{
        content: 'dialog',
        header: 'dialog-head',
        title: 'dialog-title',
        body: 'dialog-body',
        overlay: 'dialog-overlay',
      }}
    >
      <div className="keys mt-12">
        {groups.map((group) => (
          <section key={group}>
            <h3>{group}</h3>
            <ul>
              {shortcuts
                .filter((shortcut) => shortcut.group === group)
                .map((shortcut) => (
                  <li key={shortcut.keys}>
                    <span>{shortcut.what}</span>
                    <span className="keys-of">
                      <Keys keys={shortcut.keys} />
                    </span>
                  </li>
                ))}
            </ul>
          </section>
        ))}
      </div>
      <Checkbox
        label="Single keys act on pages"
        checked={singleKeysEnabled()}
        onChange={(event) => setSingleKeys(event.target.checked)}
      />
    </Modal>
  )
}

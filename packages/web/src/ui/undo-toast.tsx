import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useEffectEvent,
  useMemo,
  useState,
} from 'react'
import { createPortal } from 'react-dom'
import { useShortcuts } from './shortcuts.ts'

interface Toast {
  readonly id: number
  readonly text: ReactNode
  readonly action?: { readonly label: string; readonly onAct: () => void } | undefined
  readonly forMs: number
}

/** Tells the result of the reader's own action, where the page does not show it. */
export interface Toasts {
  /** One line, six seconds. */
  say(text: ReactNode, action?: { label: string; onAct: () => void }): void
  /** Done at once; `Undo` (or `U`) takes it back within ten seconds. */
  undo(text: ReactNode, onUndo: () => void): void
}

const ToastContext = createContext<Toasts | undefined>(undefined)

/** Holds the toasts; one at the root. */
export function ToastProvider({ children }: { readonly children: ReactNode }) {
  const [toasts, setToasts] = useState<readonly Toast[]>([])
  const add = useCallback(
    (toast: Omit<Toast, 'id'>) => setToasts((now) => [...now.slice(-2), { ...toast, id: (now.at(-1)?.id ?? 0) + 1 }]),
    [],
  )
  const api = useMemo<Toasts>(
    () => ({
      say: (text, action) => add({ text, action, forMs: 6000 }),
      undo: (text, onUndo) => add({ text, action: { label: 'Undo', onAct: onUndo }, forMs: 10_000 }),
    }),
    [add],
  )
  const remove = useCallback((id: number) => setToasts((now) => now.filter((toast) => toast.id !== id)), [])
  const undoable = toasts.findLast((toast) => toast.action?.label === 'Undo')
  useShortcuts(
    undoable
      ? [
          {
            keys: 'u',
            what: 'Undo',
            group: 'Page',
            run: () => {
              undoable.action?.onAct()
              remove(undoable.id)
            },
          },
        ]
      : [],
    'shell',
  )
  return (
    <ToastContext value={api}>
      {children}
      {createPortal(
        <div className="toasts" role="status" aria-live="polite">
          {toasts.map((toast) => (
            <ToastLine key={toast.id} toast={toast} onDone={() => remove(toast.id)} />
          ))}
        </div>,
        document.body,
      )}
    </ToastContext>
  )
}

function ToastLine({ toast, onDone: done }: { readonly toast: Toast; readonly onDone: () => void }) {
  const [held, setHeld] = useState(false)
  const { forMs } = toast
  const onDone = useEffectEvent(done)
  useEffect(() => {
    if (held) return
    const timer = setTimeout(() => onDone(), forMs)
    return () => clearTimeout(timer)
  }, [held, forMs])
  return (
    <div
      className="toast"
      onMouseEnter={() => setHeld(true)}
      onMouseLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <span>{toast.text}</span>
      {toast.action && (
        <button
          type="button"
          onClick={() => {
            toast.action?.onAct()
            done()
          }}
        >
          {toast.action.label}
        </button>
      )}
    </div>
  )
}

/** `useToasts().undo('v4 archived.', restore)`. */
export function useToasts(): Toasts {
  const toasts = useContext(ToastContext)
  if (!toasts) throw new Error('useToasts needs a ToastProvider above it.')
  return toasts
}

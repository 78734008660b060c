import { Modal } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import { Button } from './button.tsx'
import { TextField } from './field.tsx'
import { dialogAttributes } from './dialog-attributes.ts'

interface ConfirmLossProps {
  readonly opened: boolean
  readonly onClose: () => void
  /** A question with the count: `Delete 12 runs for ever?` */
  readonly title: string
  /** What goes, how much, what depends on it, what stays. */
  readonly children: ReactNode
  /** Verb and count: `Delete 12 runs`. */
  readonly action: string
  readonly keep?: string
  readonly onConfirm: () => void
  readonly pending?: boolean
  readonly error?: string | undefined
  /** The name to type; only for a project or a deployment with traffic. */
  readonly typeName?: string
  /** `live`: felt by users at once, but can be taken back; `loss`: gone for ever. */
  readonly weight?: 'live' | 'loss'
}

/** The one dialog: only where undo is impossible, or users of a live deployment feel it at once. */
export function ConfirmLoss({
  opened,
  onClose,
  title,
  children,
  action,
  keep = 'Keep',
  onConfirm,
  pending = false,
  error,
  typeName,
  weight = 'loss',
}: ConfirmLossProps) {
  const [typed, setTyped] = useState('')
  const wrong = typeName !== undefined && typed !== typeName
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={title}
      centered
      withCloseButton={false}
      size={420}
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
      <div className="t2">{children}</div>
      {typeName !== undefined && (
        <div className="mt-12">
          <TextField
            label={`Type ${typeName} to go on`}
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
        </div>
      )}
      {error && (
        <p className="field-error mt-8" role="alert">
          {error}
        </p>
      )}
      <div className="row end mt-12">
        <Button onClick={onClose} data-autofocus>
          {keep}
        </Button>
        <Button
          look={weight === 'loss' ? 'destroy' : 'danger'}
          pending={pending}
          denied={wrong ? `Type ${typeName} first.` : undefined}
          onClick={onConfirm}
        >
          {action}
        </Button>
      </div>
    </Modal>
  )
}

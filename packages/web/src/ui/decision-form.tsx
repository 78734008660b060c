import { type FormEvent, type ReactNode, useId, useState } from 'react'
import { Button } from './button.tsx'
import { TextArea } from './field.tsx'

/** One way to decide; `what` says what happens then. */
export interface DecisionOption {
  readonly value: string
  /** Verb and object; the button repeats it. */
  readonly label: string
  readonly what: ReactNode
  /** Against the evidence, or a refusal: the record needs a reason. */
  readonly needsReason?: boolean
  readonly danger?: boolean
  /** Why this option cannot be chosen. */
  readonly denied?: string | undefined
}

interface DecisionFormProps {
  readonly title?: string
  readonly options: readonly DecisionOption[]
  readonly initial?: string
  readonly onDecide: (decision: { readonly choice: string; readonly reason: string }) => void
  readonly pending?: boolean
  readonly error?: string | undefined
  /** Why the reader may not decide at all: nobody decides about his own work. */
  readonly denied?: string | undefined
  /** A quiet second action: hand over. */
  readonly extra?: ReactNode
}

/** Options that each say what they do, a reason for the record, a button that repeats the choice. */
export function DecisionForm({
  title = 'Your decision',
  options,
  initial,
  onDecide,
  pending = false,
  error,
  denied,
  extra,
}: DecisionFormProps) {
  const [choice, setChoice] = useState(initial ?? options[0]?.value ?? '')
  const [reason, setReason] = useState('')
  const [missing, setMissing] = useState(false)
  const group = useId()
  const chosen = options.find((option) => option.value === choice)
  function submit(event: FormEvent) {
    event.preventDefault()
    if (!chosen || denied || chosen.denied) return
    if (chosen.needsReason && reason.trim() === '') {
      setMissing(true)
      ;(event.currentTarget as HTMLFormElement).querySelector('textarea')?.focus()
      return
    }
    onDecide({ choice: chosen.value, reason: reason.trim() })
  }
  return (
    <form className="decision" onSubmit={submit} aria-labelledby={group}>
      <h2 id={group} className="b">
        {title}
      </h2>
      <fieldset aria-labelledby={group}>
        {options.map((option) => (
          <label key={option.value} className="decision-option">
            <input
              type="radio"
              name={group}
              value={option.value}
              checked={option.value === choice}
              disabled={option.denied !== undefined}
              onChange={() => {
                setChoice(option.value)
                setMissing(false)
              }}
            />
            <span>
              <span className="m">{option.label}</span>
              <span className="t2 sm decision-what">{option.denied ?? option.what}</span>
            </span>
          </label>
        ))}
      </fieldset>
      <div className="decision-reason">
        <TextArea
          label={chosen?.needsReason ? 'Reason, kept in the record, needed here' : 'Reason, kept in the record'}
          value={reason}
          error={missing ? `To ${(chosen?.label ?? 'decide').toLowerCase()} needs a reason.` : undefined}
          onChange={(event) => {
            setReason(event.target.value)
            setMissing(false)
          }}
        />
        {error && (
          <p className="field-error" role="alert">
            {error}
          </p>
        )}
        <div className="row mt-12">
          <Button type="submit" look={chosen?.danger ? 'danger' : 'primary'} pending={pending} denied={denied}>
            {chosen?.label ?? 'Decide'}
          </Button>
          {extra}
        </div>
        {denied && <p className="t2 sm mt-8">{denied}</p>}
      </div>
    </form>
  )
}

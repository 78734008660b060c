import {
  type InputHTMLAttributes,
  type ReactNode,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
  useId,
} from 'react'

interface FieldFrame {
  readonly label: string
  /** Under the field: what it means, where its default comes from. */
  readonly help?: ReactNode
  readonly error?: string | undefined
  /** Inside the field at its right: miles, %. */
  readonly unit?: string
  /** Label at the left, for short inspector forms. */
  readonly beside?: boolean
}

interface FrameProps extends FieldFrame {
  readonly id: string
  readonly children: ReactNode
  readonly bare?: boolean
}

function Frame({ id, label, help, error, unit, beside = false, children, bare = false }: FrameProps) {
  return (
    <div className={beside ? 'field field-beside' : 'field'}>
      <label htmlFor={id}>{label}</label>
      <div>
        {bare ? (
          children
        ) : (
          <div className="inp" data-invalid={error ? true : undefined}>
            {children}
            {unit && <span className="t3 sm">{unit}</span>}
          </div>
        )}
        {error ? (
          <p id={`${id}-help`} className="field-error">
            {error}
          </p>
        ) : (
          help && (
            <p id={`${id}-help`} className="field-help">
              {help}
            </p>
          )
        )}
      </div>
    </div>
  )
}

type InputProps = FieldFrame & Omit<InputHTMLAttributes<HTMLInputElement>, 'size'> & { readonly mono?: boolean }

/** A one-line field. Validate on blur and on submit; the message names the thing. */
export function TextField({ label, help, error, unit, beside, mono, className, ...rest }: InputProps) {
  const id = useId()
  return (
    <Frame id={id} label={label} help={help} error={error} {...(unit ? { unit } : {})} {...(beside ? { beside } : {})}>
      <input
        id={id}
        className={mono ? 'mono' : className}
        aria-invalid={error ? true : undefined}
        aria-describedby={error || help ? `${id}-help` : undefined}
        autoComplete="off"
        spellCheck={false}
        {...rest}
      />
    </Frame>
  )
}

/** A field of several lines. */
export function TextArea({
  label,
  help,
  error,
  beside,
  rows = 2,
  ...rest
}: FieldFrame & TextareaHTMLAttributes<HTMLTextAreaElement>) {
  const id = useId()
  return (
    <Frame id={id} label={label} help={help} error={error} {...(beside ? { beside } : {})} bare>
      <textarea
        id={id}
        className="inp inp-area"
        rows={rows}
        aria-invalid={error ? true : undefined}
        aria-describedby={error || help ? `${id}-help` : undefined}
        {...rest}
      />
    </Frame>
  )
}

interface SelectFieldProps extends FieldFrame, Omit<SelectHTMLAttributes<HTMLSelectElement>, 'children'> {
  readonly options: readonly { readonly value: string; readonly label: string }[]
}

/** One of several; the browser's own list, so that it works everywhere. */
export function SelectField({ label, help, error, beside, options, ...rest }: SelectFieldProps) {
  const id = useId()
  return (
    <Frame id={id} label={label} help={help} error={error} {...(beside ? { beside } : {})}>
      <select id={id} aria-describedby={error || help ? `${id}-help` : undefined} {...rest}>
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </Frame>
  )
}

interface CheckboxProps extends Omit<InputHTMLAttributes<HTMLInputElement>, 'type'> {
  readonly label: ReactNode
  /** The label is for screen readers only (table rows). */
  readonly hideLabel?: boolean
  readonly indeterminate?: boolean
}

/** A check box. */
export function Checkbox({ label, hideLabel = false, indeterminate = false, ...rest }: CheckboxProps) {
  return (
    <label className="check">
      <input
        type="checkbox"
        ref={(element) => {
          if (element) element.indeterminate = indeterminate
        }}
        {...rest}
      />
      <span className={hideLabel ? 'sr-only' : undefined}>{label}</span>
    </label>
  )
}

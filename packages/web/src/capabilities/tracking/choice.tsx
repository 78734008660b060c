import { useId } from 'react'

interface ChoiceProps {
  readonly label: string
  readonly value: string
  readonly options: readonly { readonly value: string; readonly label: string }[]
  readonly onChange: (value: string) => void
}

/** A small choice beside its word: what a chart shows, what a table is grouped by. */
export function Choice({ label, value, options, onChange }: ChoiceProps) {
  const id = useId()
  return (
    <span className="row nowrap" style={{ gap: 6 }}>
      <label htmlFor={id} className="t2 sm">
        {label}
      </label>
      <span className="inp inp-small">
        <select id={id} value={value} style={{ maxWidth: 190 }} onChange={(event) => onChange(event.target.value)}>
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      </span>
    </span>
  )
}

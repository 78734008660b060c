import { listPeople } from '@trivium/contract'
import { type ReactNode, useEffect, useState } from 'react'
import { useContractQuery } from '../../data/contract-query.ts'
import { SelectField, TextField } from '../../ui/field.tsx'
import type { AuditView } from './audit-panel.tsx'

export interface AuditProps {
  readonly project: string
  readonly view: AuditView
  /** Changes the filter and goes back to the newest. */
  readonly onFilter: (change: Partial<AuditView>) => void
  readonly onClear: () => void
  /** Turns the page; a step back returns. */
  readonly onPage: (change: Partial<AuditView>) => void
}

const dayMs = 86_400_000
const dayOf = (at: number | undefined): string => (at === undefined ? '' : new Date(at).toISOString().slice(0, 10))

/** Who and when, with what else a list can be narrowed by. */
export function AuditFilter({ project, view, onFilter, children }: AuditProps & { readonly children?: ReactNode }) {
  const people = useContractQuery(listPeople, { params: { project } })
  const names = people.data?.people.map(({ id, name }) => ({ value: id, label: name })) ?? []
  const known = view.by === '' || names.some(({ value }) => value === view.by)
  return (
    <div className="row wrap loose" style={{ alignItems: 'flex-end', marginBottom: 12 }}>
      <SelectField
        label="Person"
        value={view.by}
        onChange={(event) => onFilter({ by: event.target.value })}
        options={[{ value: '', label: 'anybody' }, ...names, ...(known ? [] : [{ value: view.by, label: view.by }])]}
      />
      {children}
      <TextField
        label="From (UTC)"
        type="date"
        value={dayOf(view.from)}
        onChange={(event) => onFilter({ from: Date.parse(event.target.value) || undefined })}
      />
      <TextField
        label="To (UTC)"
        type="date"
        value={dayOf(view.to === undefined ? undefined : view.to - dayMs)}
        onChange={(event) => {
          const day = Date.parse(event.target.value)
          onFilter({ to: Number.isNaN(day) ? undefined : day + dayMs })
        }}
      />
    </div>
  )
}

/** A text field that waits until the typing rests. */
export function TypedField({
  label,
  value,
  placeholder,
  onChange,
}: {
  readonly label: string
  readonly value: string
  readonly placeholder: string
  readonly onChange: (value: string) => void
}) {
  const [typed, setTyped] = useState(value)
  const [before, setBefore] = useState(value)
  // The URL changed (a step back, a cleared filter): it wins over what was typed.
  if (value !== before) {
    setBefore(value)
    setTyped(value)
  }
  useEffect(() => {
    if (typed === value) return
    const timer = setTimeout(() => onChange(typed.trim()), 300)
    return () => clearTimeout(timer)
  }, [typed, value, onChange])
  return (
    <TextField
      label={label}
      value={typed}
      placeholder={placeholder}
      onChange={(event) => setTyped(event.target.value)}
    />
  )
}

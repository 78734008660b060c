import type { ReactNode } from 'react'
import { useMemo } from 'react'
import { diffLines } from './diff-lines.ts'
import { formatPlural } from './format-number.ts'

interface DiffProps {
  readonly before: string
  readonly after: string
  /** Equal lines around a change. */
  readonly context?: number
  /** For screen readers: `train.py, v3 against v4`. */
  readonly label: string
}

const signs = { same: '', removed: '\u2212', added: '+', gap: '' }

/** A unified diff of two texts; changed words are underlined, not only coloured. */
export function Diff({ before, after, context = 3, label }: DiffProps) {
  const lines = useMemo(() => diffLines(before, after, context), [before, after, context])
  if (lines.every((line) => line.kind === 'gap')) return <p className="t3">No line differs.</p>
  return (
    <div className="diff-frame">
      <table className="diff" aria-label={label}>
        <tbody>
          {lines.map((line, index) =>
            line.kind === 'gap' ? (
              <tr key={index} className="diff-gap">
                <td colSpan={3} />
                <td>{formatPlural(Number(line.parts[0]?.text), 'equal line')}</td>
              </tr>
            ) : (
              <tr key={index} className={`diff-${line.kind}`}>
                <td className="diff-number">{line.before}</td>
                <td className="diff-number">{line.after}</td>
                <td className="diff-sign">{signs[line.kind]}</td>
                <td className="diff-text">
                  {line.parts.map((part, at) => (part.changed ? <mark key={at}>{part.text}</mark> : part.text))}
                </td>
              </tr>
            ),
          )}
        </tbody>
      </table>
    </div>
  )
}

interface ValuesDiffProps {
  /** Only what differs; the first column is the baseline. */
  readonly rows: readonly { readonly name: string; readonly values: readonly ReactNode[] }[]
  readonly columns: readonly ReactNode[]
  readonly label: string
}

/** What differs between the inputs of two or more things; equal values read "same". */
export function ValuesDiff({ rows, columns, label }: ValuesDiffProps) {
  return (
    <table className="data" aria-label={label}>
      <thead>
        <tr>
          <th scope="col">Input</th>
          {columns.map((column, index) => (
            <th key={index} scope="col">
              {column}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.name}>
            <td className="t2">{row.name}</td>
            {row.values.map((value, index) => (
              <td key={index} className={index === 0 ? 't3' : undefined}>
                {index > 0 && value === row.values[0] ? (
                  <span className="t3">same</span>
                ) : (
                  (value ?? <span className="t3">–</span>)
                )}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

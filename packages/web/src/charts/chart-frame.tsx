import { Menu } from '@mantine/core'
import { type ReactNode, useId, useRef, useState } from 'react'
import { IconButton } from '../ui/button.tsx'
import { formatNumber } from '../ui/format-number.ts'
import { IconDots } from '../ui/icons.ts'
import { type ChartTable, toCsv } from './chart-table.ts'
import { exportSvg } from './export-svg.ts'

interface ChartFrameProps {
  /** What is measured. */
  readonly title?: string | undefined
  /** How: unit, per what, which interval. In grey after the title. */
  readonly how?: ReactNode
  /** One sentence that says what the picture shows. */
  readonly summary: string
  readonly table: ChartTable
  readonly children: ReactNode
  /** Under the chart, 11 px. */
  readonly caption?: ReactNode
}

/** What all charts share: title, summary, the same numbers as a table, and the downloads. */
export function ChartFrame({ title, how, summary, table, children, caption }: ChartFrameProps) {
  const [asTable, setAsTable] = useState(false)
  const figure = useRef<HTMLElement>(null)
  const id = useId()
  const name = (title ?? 'chart').toLowerCase().replace(/[^a-z0-9]+/g, '-')
  return (
    <figure className="chart" ref={figure} aria-labelledby={`${id}-summary`}>
      {title && (
        <div className="chart-head">
          <span className="chart-title">{title}</span>
          {how && <span className="chart-how">{how}</span>}
          <Menu position="bottom-end" withinPortal shadow="md" width={170}>
            <Menu.Target>
              <IconButton label={`Options of ${title}`} className="chart-menu">
                <IconDots className="ic s" aria-hidden />
              </IconButton>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item onClick={() => setAsTable(!asTable)}>{asTable ? 'Show as chart' : 'Show as table'}</Menu.Item>
              <Menu.Item onClick={() => download(`${name}.csv`, 'text/csv', toCsv(table))}>Download CSV</Menu.Item>
              {!asTable && (
                <Menu.Item
                  onClick={() => {
                    const svg = figure.current && exportSvg(figure.current)
                    if (svg) download(`${name}.svg`, 'image/svg+xml', svg)
                  }}
                >
                  Download SVG
                </Menu.Item>
              )}
            </Menu.Dropdown>
          </Menu>
        </div>
      )}
      <p className="sr-only" id={`${id}-summary`}>
        {title ? `${title}: ${summary}` : summary}
      </p>
      {asTable ? (
        <div className="chart-as-table">
          <NumberTable table={table} label={title ?? summary} />
        </div>
      ) : (
        <>
          {children}
          <div className="sr-only">
            <NumberTable table={table} label={title ?? summary} />
          </div>
        </>
      )}
      {caption && <figcaption className="chart-caption">{caption}</figcaption>}
    </figure>
  )
}

const most = 400

function NumberTable({ table, label }: { readonly table: ChartTable; readonly label: string }) {
  return (
    <table className="data data-compact" aria-label={label}>
      <thead>
        <tr>
          {table.columns.map((column, index) => (
            <th key={column} scope="col" className={index > 0 ? 'r' : undefined}>
              {column || (index === 0 ? 'name' : 'value')}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {table.rows.slice(0, most).map((row, at) => (
          <tr key={`${at}-${row[0]}`}>
            {row.map((cell, index) => (
              <td key={table.columns[index] ?? index} className={index > 0 ? 'r' : undefined}>
                {typeof cell === 'number' ? formatNumber(cell) : (cell ?? '–')}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function download(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }))
  const link = Object.assign(document.createElement('a'), { href: url, download: name })
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 1000)
}

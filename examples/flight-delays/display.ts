/** Tells the story on the terminal: one line for each thing that happened, one live line below where the terminal can. */
export interface Display {
  heading(text: string): void
  /** Something happened; `when` is event time. */
  event(when: number | null, text: string): void
  /** What is going on right now; replaces the line before. */
  progress(text: string): void
  table(rows: readonly (readonly string[])[]): void
  done(): void
}

const day = new Intl.DateTimeFormat('en-GB', { day: '2-digit', month: 'short', timeZone: 'UTC' })

export function createDisplay(out: NodeJS.WriteStream): Display {
  const live = out.isTTY === true
  let shown = false
  const clear = (): void => {
    if (shown) out.write('\r\x1b[2K')
    shown = false
  }
  const line = (text: string): void => {
    clear()
    out.write(`${text}\n`)
  }
  return {
    heading: (text) => line(`\n${text}`),
    event: (when, text) => line(`  ${when === null ? '      ' : day.format(when)}  ${text}`),
    progress: (text) => {
      if (!live) return
      clear()
      out.write(`  ${text}`.slice(0, (out.columns ?? 100) - 1))
      shown = true
    },
    table: (rows) => {
      const widths = rows[0]?.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0))) ?? []
      for (const row of rows) line(`  ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')}`.trimEnd())
    },
    done: clear,
  }
}

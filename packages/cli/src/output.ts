/** A table as text: columns as wide as their longest cell, numbers to the right; `None.` without rows. */
export function tableText(
  header: readonly string[],
  rows: readonly (readonly (string | number | null | undefined)[])[],
): string {
  if (rows.length === 0) return 'None.'
  const cells = rows.map((row) =>
    row.map((cell) => (cell === null || cell === undefined || cell === '' ? '–' : String(cell))),
  )
  const right = header.map((_, column) => rows.every((row) => typeof row[column] === 'number'))
  const widths = header.map((title, column) => Math.max(title.length, ...cells.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (right[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd()
  return [line(header), ...cells.map(line)].join('\n')
}

/** Names and values, one a line; what is null is left out. */
export function factsText(facts: Readonly<Record<string, string | number | boolean | null | undefined>>): string {
  const shown = Object.entries(facts).filter(([, value]) => value !== null && value !== undefined && value !== '')
  const width = Math.max(0, ...shown.map(([name]) => name.length))
  return shown.map(([name, value]) => `${name.padEnd(width)}  ${String(value)}`).join('\n')
}

/** `2001-02-07 09:40` in UTC. A client may have logged a time that no calendar has. */
export function timeText(at: number | null | undefined): string {
  if (at === null || at === undefined) return ''
  return Math.abs(at) > 8.64e15 ? 'beyond time' : new Date(at).toISOString().slice(0, 16).replace('T', ' ')
}

/** `3,214` */
export const countText = (n: number): string => n.toLocaleString('en-GB')

/** `3,214 rows`, `1 row` */
export const amountText = (n: number, one: string, many = `${one}s`): string =>
  `${countText(n)} ${n === 1 ? one : many}`

/** `4.1 MB` */
export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const power = Math.min(units.length - 1, bytes < 1000 ? 0 : Math.floor(Math.log10(bytes) / 3))
  return `${(bytes / 1000 ** power).toFixed(power === 0 || bytes / 1000 ** power >= 100 ? 0 : 1)} ${units[power]}`
}

/** `0.29 ms`, `4.2 s`, `4 min 12 s` */
export function durationText(ms: number): string {
  if (ms < 1000) return `${ms < 10 ? ms.toFixed(2) : Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`
}

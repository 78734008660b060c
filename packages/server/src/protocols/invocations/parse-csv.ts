/** Rows of a CSV text (RFC 4180): quoted values may hold commas, quotes (doubled) and line ends. */
export function parseCsv(text: string): string[][] {
  const rows: string[][] = []
  let row: string[] = []
  let value = ''
  let quoted = false
  const endValue = (): void => {
    row.push(value)
    value = ''
  }
  const endRow = (): void => {
    endValue()
    if (row.length > 1 || row[0] !== '') rows.push(row)
    row = []
  }
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] as string
    if (quoted) {
      if (char !== '"') value += char
      else if (text[at + 1] === '"') {
        value += '"'
        at += 1
      } else quoted = false
    } else if (char === '"' && value === '') quoted = true
    else if (char === ',') endValue()
    else if (char === '\n') endRow()
    else if (char !== '\r' || text[at + 1] !== '\n') value += char
  }
  if (value !== '' || row.length > 0) endRow()
  return rows
}

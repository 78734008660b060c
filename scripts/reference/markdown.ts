/** The first line of every generated page. */
export const generatedNotice = '<!-- Written by `npm run docs`. Change the code that it describes, not this page. -->'

/** A Markdown table; cells may hold any text. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

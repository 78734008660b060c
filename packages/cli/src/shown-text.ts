const escape = String.fromCharCode(27)
/** Sequences of ECMA-48; the first group is what follows `ESC [`. */
const sequences = new RegExp(
  `${escape}(?:\\[([0-?]*[ -/]*[@-~])|[\\]PX^_][^${escape}\\u0007]*(?:\\u0007|${escape}\\\\)?|[ -/]*[0-~])?`,
  'g',
)
/** Colours and weights, which change nothing but how the words after them look. */
const looks = /^[\d;]*m$/
/** What a terminal obeys, and what turns the direction of text around; line feeds and tabs stay. */
const controls = /(?![\t\n])[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu

/**
 * Text that others wrote, such as names and consoles, as this terminal may show it: colours stay; what would move, clear, link, name the
 * window, or write to the clipboard is left out.
 */
export function shownText(text: string): string {
  let shown = ''
  let from = 0
  for (const found of text.matchAll(sequences)) {
    shown += text.slice(from, found.index).replaceAll(controls, '')
    from = found.index + found[0].length
    if (looks.test(found[1] ?? '')) shown += found[0]
  }
  return shown + text.slice(from).replaceAll(controls, '')
}

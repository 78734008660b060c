/** How a stretch of a line is shown; programs ask for it by the colours of a terminal. */
export type TerminalTone = 'red' | 'green' | 'yellow' | 'blue' | 'faint'

/** A stretch of one look. */
export interface TerminalPart {
  readonly text: string
  readonly tone?: TerminalTone
  readonly bold?: boolean
}

const escape = String.fromCharCode(27)
/** Sequences of ECMA-48: the first group is what follows `ESC [`. */
const sequences = new RegExp(
  `${escape}(?:\\[([0-?]*[ -/]*[@-~])|\\][^${escape}\\u0007]*(?:\\u0007|${escape}\\\\)?|[@-Z\\\\^_])?`,
  'g',
)
/** What a terminal would obey, and what turns the direction of text around. */
const controls = /(?!\t)[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu
const tones: Readonly<Record<number, TerminalTone>> = {
  1: 'red',
  2: 'green',
  3: 'yellow',
  4: 'blue',
  5: 'blue',
  6: 'blue',
}

/**
 * Reads a line as a program wrote it for a terminal: its colours become tones of ours, and whatever would move, link, clear or turn around text is left out.
 * What comes out is text and tones, never markup.
 */
export function readTerminalText(line: string): { readonly text: string; readonly parts: readonly TerminalPart[] } {
  const parts: TerminalPart[] = []
  let tone: TerminalTone | undefined
  let bold = false
  const say = (piece: string): void => {
    const text = piece.replaceAll(controls, '')
    if (text !== '') parts.push({ text, ...(tone === undefined ? {} : { tone }), ...(bold ? { bold } : {}) })
  }
  let from = 0
  for (const found of line.matchAll(sequences)) {
    say(line.slice(from, found.index))
    from = found.index + found[0].length
    const codes = /^([\d;]*)m$/.exec(found[1] ?? '')?.[1]
    if (codes !== undefined) ({ tone, bold } = applied(codes, { tone, bold }))
  }
  say(line.slice(from))
  return { text: parts.map((part) => part.text).join(''), parts }
}

interface Look {
  readonly tone: TerminalTone | undefined
  readonly bold: boolean
}

function applied(codes: string, look: Look): Look {
  let { tone, bold } = look
  const numbers = codes.split(';').map(Number)
  for (let at = 0; at < numbers.length; at += 1) {
    const code = numbers[at] ?? 0
    if (code === 0) [tone, bold] = [undefined, false]
    else if (code === 1) bold = true
    else if (code === 2) tone = 'faint'
    else if (code === 22) bold = false
    else if (code === 39) tone = undefined
    else if (code >= 30 && code <= 37) tone = tones[code - 30]
    else if (code >= 90 && code <= 97) tone = code === 90 ? 'faint' : tones[code - 90]
    // Exact colours are not ours to take over: 38;5;N and 38;2;R;G;B say which, and are passed by.
    else if (code === 38 || code === 48) at += numbers[at + 1] === 5 ? 2 : numbers[at + 1] === 2 ? 4 : 0
  }
  return { tone, bold }
}

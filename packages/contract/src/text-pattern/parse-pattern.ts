/** A piece of a text pattern: plain data. */
export type PatternNode =
  | { readonly kind: 'start' | 'end' }
  | { readonly kind: 'set'; readonly negated: boolean; readonly ranges: readonly CodeRange[] }
  | { readonly kind: 'sequence' | 'choice'; readonly parts: readonly PatternNode[] }
  | { readonly kind: 'repeat'; readonly part: PatternNode; readonly min: number; readonly max: number | null }

/** Code points from the first to the last. */
export type CodeRange = readonly [number, number]

/** What is wrong with a pattern, in words for whoever wrote it. */
export class PatternError extends Error {}

const longest = 500
const mostRepeats = 100
const largest = 1000
const deepest = 20

const digits: CodeRange[] = [[0x30, 0x39]]
const wordLetters: CodeRange[] = [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
]
const spaces: CodeRange[] = [
  [0x09, 0x0d],
  [0x20, 0x20],
]
const classes: Record<string, readonly CodeRange[]> = { d: digits, w: wordLetters, s: spaces }
const escapes: Record<string, string> = { n: '\n', r: '\r', t: '\t' }

/**
 * Reads a regular expression of the part that means the same on every database and is matched in linear time: letters, `.`, `[a-z]`, `[^a-z]`, `\d \w \s` (and
 * `\D \W \S`) of ASCII, `^ $` for the ends of the text, groups, `|`, `* + ? {m,n}`. Upper and lower case differ. Whatever else there is (look-around, references
 * back, lazy repeats, flags) is a PatternError that says what.
 */
export function parsePattern(pattern: string): PatternNode {
  const letters = Array.from(pattern)
  if (letters.length === 0) throw new PatternError('it is empty')
  if (letters.length > longest) throw new PatternError(`it is longer than ${longest} characters`)
  let at = 0
  const root = choice(0)
  if (at < letters.length) throw new PatternError(`")" at ${at + 1} closes nothing`)
  if (sizeOf(root) > largest) throw new PatternError('its repeats make it too large; repeat less')
  return root

  function choice(depth: number): PatternNode {
    if (depth > deepest) throw new PatternError(`more than ${deepest} groups within each other`)
    const parts = [sequence(depth)]
    while (letters[at] === '|') {
      at += 1
      parts.push(sequence(depth))
    }
    return parts.length === 1 ? (parts[0] as PatternNode) : { kind: 'choice', parts }
  }
  function sequence(depth: number): PatternNode {
    const parts: PatternNode[] = []
    while (at < letters.length && letters[at] !== '|' && letters[at] !== ')') parts.push(repeated(depth))
    return parts.length === 1 ? (parts[0] as PatternNode) : { kind: 'sequence', parts }
  }
  function repeated(depth: number): PatternNode {
    const part = atom(depth)
    const times = repeats()
    if (!times) return part
    if (part.kind === 'start' || part.kind === 'end')
      throw new PatternError(`"${letters[at - 1]}" at ${at} repeats nothing`)
    if (/^[*+?{]$/.test(letters[at] ?? ''))
      throw new PatternError(
        `"${letters[at]}" at ${at + 1} follows a repeat; lazy and possessive repeats are not known`,
      )
    return { kind: 'repeat', part, ...times }
  }
  function repeats(): { min: number; max: number | null } | undefined {
    const sign = letters[at]
    if (sign === '*' || sign === '+' || sign === '?') {
      at += 1
      return { min: sign === '+' ? 1 : 0, max: sign === '?' ? 1 : null }
    }
    if (sign !== '{') return undefined
    const found = /^\{(\d{1,4})(,(\d{0,4}))?\}/.exec(letters.slice(at, at + 12).join(''))
    if (!found) throw new PatternError(`"{" at ${at + 1} begins no count such as {2,5}; write \\{ for the character`)
    const min = Number(found[1])
    const max = found[2] === undefined ? min : found[3] === '' ? null : Number(found[3])
    if (min > mostRepeats || (max ?? 0) > mostRepeats || (max !== null && max < min))
      throw new PatternError(`${found[0]} is no count from 0 to ${mostRepeats}`)
    at += found[0].length
    return { min, max }
  }
  function atom(depth: number): PatternNode {
    const letter = letters[at] as string
    at += 1
    if (letter === '^') return { kind: 'start' }
    if (letter === '$') return { kind: 'end' }
    if (letter === '.') return { kind: 'set', negated: true, ranges: [] }
    if (letter === '[') return brackets()
    if (letter === '(') return group(depth)
    if (letter === '\\') return { kind: 'set', ...escaped() }
    if (letter === '*' || letter === '+' || letter === '?' || letter === '{')
      throw new PatternError(`"${letter}" at ${at} repeats nothing`)
    return one(letter)
  }
  function group(depth: number): PatternNode {
    const opened = at
    if (letters[at] === '?') {
      if (letters[at + 1] !== ':')
        throw new PatternError(`"(?" at ${at}: look-around, named groups and flags are not known`)
      at += 2
    }
    const inner = choice(depth + 1)
    if (letters[at] !== ')') throw new PatternError(`"(" at ${opened} is not closed`)
    at += 1
    return { kind: 'sequence', parts: [inner] }
  }
  function brackets(): PatternNode {
    const opened = at
    const negated = letters[at] === '^'
    if (negated) at += 1
    const ranges: CodeRange[] = []
    for (let first = true; ; first = false) {
      const letter = letters[at]
      if (letter === undefined) throw new PatternError(`"[" at ${opened} is not closed`)
      at += 1
      if (letter === ']' && !first) break
      if (letter === '[' || (letter === ']' && first))
        throw new PatternError(`write \\${letter} for the character inside [ ]`)
      const low =
        letter === '\\' ? escaped() : { negated: false, ranges: [[code(letter), code(letter)]] as CodeRange[] }
      if (low.negated) throw new PatternError('\\D, \\W and \\S do not go inside [ ]')
      const single = low.ranges.length === 1 && low.ranges[0]?.[0] === low.ranges[0]?.[1]
      if (letters[at] === '-' && letters[at + 1] !== ']' && letters[at + 1] !== undefined && single) {
        at += 1
        const end = letters[at] as string
        at += 1
        const high = end === '\\' ? escaped() : { negated: false, ranges: [[code(end), code(end)]] as CodeRange[] }
        const [from, to] = [low.ranges[0]?.[0] as number, high.ranges[0]?.[1] as number]
        if (high.negated || high.ranges.length !== 1 || high.ranges[0]?.[0] !== to || to < from)
          throw new PatternError(`the range that ends at ${at} is empty or no range`)
        ranges.push([from, to])
      } else ranges.push(...low.ranges)
    }
    return { kind: 'set', negated, ranges }
  }
  function escaped(): { negated: boolean; ranges: readonly CodeRange[] } {
    const letter = letters[at]
    if (letter === undefined) throw new PatternError('"\\" at the end escapes nothing')
    at += 1
    const known = classes[letter.toLowerCase()]
    if (known) return { negated: letter !== letter.toLowerCase(), ranges: known }
    const control = escapes[letter]
    if (control === undefined && /[A-Za-z0-9]/.test(letter))
      throw new PatternError(`\\${letter} is not known; references back and other escapes are not`)
    const point = code(control ?? letter)
    return { negated: false, ranges: [[point, point]] }
  }
}

const code = (letter: string): number => letter.codePointAt(0) as number
const one = (letter: string): PatternNode => ({ kind: 'set', negated: false, ranges: [[code(letter), code(letter)]] })

/** How many states a matcher of it has, about. */
function sizeOf(node: PatternNode): number {
  if (node.kind === 'sequence' || node.kind === 'choice')
    return node.parts.reduce((sum, part) => sum + sizeOf(part) + 1, 1)
  if (node.kind !== 'repeat') return 1
  return (sizeOf(node.part) + 1) * Math.max(1, node.max ?? node.min + 1)
}

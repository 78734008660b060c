import { createHmac, randomBytes } from 'node:crypto'

/** What stands in the place of a person's name in a text. */
export const redactedName = '[redacted]'

/**
 * What a person is called: by himself, or only as keyed hashes with their lengths, which tell the same names again without holding them. Plain data, so that a
 * reader thread can have it.
 */
export type PersonNames =
  | { readonly kind: 'plain'; readonly names: readonly string[] }
  | {
      readonly kind: 'marked'
      readonly key: string
      readonly marks: readonly (readonly [length: number, hash: string])[]
    }

/** Names of a person as the search compares them: those that are no name are left out. */
export function namesOf(names: readonly string[]): PersonNames {
  return { kind: 'plain', names: [...new Set(names.map(folded))].filter((one) => one !== '') }
}

/** The same names as a key and hashes, with those from before: what is kept to find them again in a backup that is older than the erasure. */
export function markedNames(names: readonly string[], before?: PersonNames): PersonNames {
  const [key, known] = before?.kind === 'marked' ? [before.key, before.marks] : [randomBytes(32).toString('base64'), []]
  const plain = namesOf(names)
  const marks = plain.kind === 'plain' ? plain.names.map((one) => [one.length, markOf(key, one)] as const) : []
  const fresh = marks.filter(([, hash]) => !known.some(([, other]) => other === hash))
  return { kind: 'marked', key, marks: [...known, ...fresh] }
}

const markOf = (key: string, name: string): string =>
  createHmac('sha256', Buffer.from(key, 'base64')).update(name).digest('base64url')

/** What a name may be searched by in texts of all kinds: not so short or plain that other things are called the same. */
export function isDistinct(name: string): boolean {
  const text = folded(name)
  const signs = text.match(/[\p{L}\p{N}]/gu)?.length ?? 0
  return /\p{L}/u.test(text) ? signs >= 4 : signs >= 8
}

/** Those of the names that texts can be searched for. A mark is of a name that was one, or says by its length that it was not. */
export function distinctNames(names: PersonNames): PersonNames {
  return names.kind === 'plain'
    ? { kind: 'plain', names: names.names.filter(isDistinct) }
    : { ...names, marks: names.marks.filter(([length]) => length >= 4) }
}

export const hasNames = (names: PersonNames): boolean =>
  names.kind === 'plain' ? names.names.length > 0 : names.marks.length > 0

/**
 * For each name a part of it that stands in every text that holds it, in lower case and without signs that are written in several ways; undefined where one has none,
 * or where the names are not known.
 */
export function hintsOf(names: PersonNames): string[] | undefined {
  if (names.kind === 'marked') return undefined
  const hints = names.names.map((name) => name.match(/[a-z0-9]+/g)?.toSorted((a, b) => b.length - a.length)[0] ?? '')
  return hints.includes('') ? undefined : hints
}

/** Whether a value is a name and nothing else. */
export function isName(names: PersonNames, value: string): boolean {
  const text = folded(value)
  if (text === '') return false
  return names.kind === 'plain'
    ? names.names.includes(text)
    : names.marks.some(([length, hash]) => length === text.length && markOf(names.key, text) === hash)
}

/** Whether a text names the person. */
export const holdsName = (names: PersonNames, text: string): boolean =>
  couldHold(names, text) && placesOf(names, read(text)).length > 0

/**
 * The text with `[redacted]` for each name in it; undefined where there is none. A name is a word or several, in whatever case, and as JSON and addresses write it. Text
 * that is JSON stays JSON: a name that is a number becomes a text.
 */
export function redactNames(names: PersonNames, text: string): string | undefined {
  if (!couldHold(names, text)) return undefined
  return isJson(text) ? redactJson(names, text) : redactText(names, text)
}

function redactText(names: PersonNames, text: string): string | undefined {
  const told = read(text)
  const places = placesOf(names, told)
  if (places.length === 0) return undefined
  let result = ''
  let end = 0
  for (const [from, to] of places) {
    result += told.text.slice(end, told.starts[from]) + redactedName
    end = told.ends[to - 1] ?? end
  }
  return result + told.text.slice(end)
}

const jsonNumber = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g

/** Of text that is JSON: the texts and numbers in it are looked at, all else stays as it is. */
function redactJson(names: PersonNames, text: string): string | undefined {
  const between = (from: number, to: number): string =>
    text.slice(from, to).replace(jsonNumber, (part) => (isName(names, part) ? JSON.stringify(redactedName) : part))
  const parts: string[] = []
  let end = 0
  for (let from = text.indexOf('"'); from >= 0; from = text.indexOf('"', end)) {
    parts.push(between(end, from))
    end = endOfText(text, from)
    const part = text.slice(from, end)
    const inner = JSON.parse(part) as string
    const changed = redactNames(names, inner)
    parts.push(changed === undefined ? part : JSON.stringify(changed))
  }
  const result = parts.join('') + between(end, text.length)
  return result === text ? undefined : result
}

/** The place behind a text of JSON that begins with a quote. No expression reads it: one that is megabytes long would be more than the engine of expressions holds. */
function endOfText(json: string, from: number): number {
  for (let at = from + 1; ; at += 1) {
    const sign = json.charCodeAt(at)
    if (sign === 0x5c) at += 1
    else if (sign === 0x22 || Number.isNaN(sign)) return at + 1
  }
}

function isJson(text: string): boolean {
  if (!/^\s*[[{"]/.test(text)) return false
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** A text in the form in which names are compared, with where each sign of it stands in the text. */
interface Told {
  readonly text: string
  readonly signs: string
  readonly starts: Uint32Array
  readonly ends: Uint32Array
}

/** Signs that are written in several ways: as JSON escapes them, once or twice, as addresses do, and any white space. */
const written = /\\+u([0-9a-fA-F]{4})|\\+(["/])|(\\+)|%([2-7][0-9a-fA-F])|(\s+)/y

const special = /[^!-$&-[\]-~]/g

function read(raw: string): Told {
  const text = raw.normalize('NFC')
  const signs: string[] = []
  const [starts, ends] = [new Uint32Array(text.length), new Uint32Array(text.length)]
  let count = 0
  const add = (sign: string, from: number, to: number): void => {
    signs.push(sign)
    starts[count] = from
    ends[count] = to
    count += 1
  }
  for (let at = 0; at < text.length; ) {
    special.lastIndex = at
    const next = special.exec(text)?.index ?? text.length
    // Signs that are written in one way are taken together: there are millions of them where there are any.
    if (next > at) signs.push(text.slice(at, next).toLowerCase())
    for (; at < next; at += 1) {
      starts[count] = at
      ends[count] = at + 1
      count += 1
    }
    if (at === text.length) break
    written.lastIndex = at
    const found = written.exec(text)
    const sign = found ? signOf(found) : (text[at] as string)
    const lower = sign.toLowerCase()
    const end = found ? written.lastIndex : at + 1
    add(lower.length === 1 ? lower : sign, at, end)
    at = end
  }
  return { signs: signs.join(''), text, starts, ends }
}

function signOf([, code, quoted, slashes, percent, space]: RegExpExecArray): string {
  if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16))
  if (percent !== undefined) return String.fromCharCode(Number.parseInt(percent, 16))
  return quoted ?? (slashes === undefined ? (space === undefined ? '' : ' ') : '\\')
}

const folded = (name: string): string => read(name).signs.trim()

/** Whether it is worth looking closer. */
function couldHold(names: PersonNames, text: string): boolean {
  const hints = hintsOf(names)
  if (!hints) return hasNames(names)
  const lower = text.toLowerCase()
  return hints.some((hint) => lower.includes(hint))
}

const isWord = (sign: string | undefined): boolean => sign !== undefined && /[\p{L}\p{N}]/u.test(sign)

/** Where names stand in the signs, from and to, in order and apart. */
function placesOf(names: PersonNames, { signs }: Told): [number, number][] {
  const found: [number, number][] = []
  const add = (from: number, length: number): void => {
    if (!isWord(signs[from - 1]) && !isWord(signs[from + length])) found.push([from, from + length])
  }
  if (names.kind === 'plain')
    for (const name of names.names)
      for (let at = signs.indexOf(name); at >= 0; at = signs.indexOf(name, at + 1)) add(at, name.length)
  else {
    const lengths = [...new Set(names.marks.map(([length]) => length))]
    for (let at = 0; at < signs.length; at += 1) {
      if (isWord(signs[at - 1]) || signs[at] === ' ') continue
      for (const length of lengths) {
        if (at + length > signs.length || isWord(signs[at + length])) continue
        const hash = markOf(names.key, signs.slice(at, at + length))
        if (names.marks.some(([of, mark]) => of === length && mark === hash)) add(at, length)
      }
    }
  }
  const apart: [number, number][] = []
  for (const [from, to] of found.toSorted((a, b) => a[0] - b[0] || b[1] - a[1])) {
    const last = apart.at(-1)
    if (last && from < last[1]) last[1] = Math.max(last[1], to)
    else apart.push([from, to])
  }
  return apart
}

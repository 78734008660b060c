import { Readable } from 'node:stream'
import { type LineMask, createLineMask } from './line-mask.ts'
import { type Needle, needlesOf } from './needles.ts'

/** A secret that may show up in what a program writes. */
export interface MaskedSecret {
  readonly name: string
  readonly value: string
}

/** Replaces secrets by `***NAME***`: the value, each of its lines, and its base64, URL-encoded, JSON-escaped and hexadecimal forms, from four characters on. */
export interface Mask {
  readonly empty: boolean
  text(text: string): string
  /** Every text of a JSON value, keys included. */
  json<T>(value: T): T
  /** For lines of one stream, in their order; long lines may come in pieces. */
  lines(): LineMask
  /**
   * The bytes of a stream, unchanged; it fails with `refuse(name)` where they hold a value of eight characters or more: files are not rewritten. Nothing is
   * read before it is asked for, and the source is left open for whoever owns it.
   */
  guard(source: Readable, refuse: (name: string) => Error): Readable
}

/** Values of fewer characters are found in files by chance. */
const shortestInFiles = 8

export function createMask(secrets: readonly MaskedSecret[]): Mask {
  const needles = secrets.flatMap(needlesOf)
  // The longest first: a part of a value must not be replaced before the whole.
  const ordered = needles.toSorted((a, b) => b.text.length - a.text.length)
  const names = new Map(ordered.toReversed().map(({ text, name }) => [text, name]))
  const pattern =
    ordered.length === 0 ? undefined : new RegExp([...names.keys()].toReversed().map(escaped).join('|'), 'g')
  const longest = ordered[0]?.text.length ?? 0
  const text = (given: string): string =>
    pattern === undefined ? given : given.replace(pattern, (found) => `***${names.get(found)}***`)
  const json = (value: unknown): unknown => {
    if (typeof value === 'string') return text(value)
    if (Array.isArray(value)) return value.map(json)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [text(key), json(one)]))
  }
  return {
    empty: pattern === undefined,
    text,
    json: <T>(value: T) => (pattern === undefined ? value : (json(value) as T)),
    lines: () => createLineMask(text, longest),
    guard: (source, refuse) =>
      Readable.from(guarded(source.iterator({ destroyOnReturn: false }), needles, refuse), { objectMode: false }),
  }
}

async function* guarded(
  source: AsyncIterable<Buffer | string>,
  needles: readonly Needle[],
  refuse: (name: string) => Error,
): AsyncGenerator<Buffer> {
  const wanted = needles
    .filter(({ text }) => text.length >= shortestInFiles)
    .map(({ text, name }) => ({ bytes: Buffer.from(text), name }))
  const keep = Math.max(0, ...wanted.map(({ bytes }) => bytes.length - 1))
  let before: Buffer = Buffer.alloc(0)
  for await (const chunk of source) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    const window = before.length === 0 ? bytes : Buffer.concat([before, bytes])
    const found = wanted.find((one) => window.includes(one.bytes))
    if (found) throw refuse(found.name)
    before = Buffer.from(window.subarray(Math.max(0, window.length - keep)))
    yield bytes
  }
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&')

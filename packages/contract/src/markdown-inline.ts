import type { MarkdownInline } from './markdown.ts'

/** An address that a page may lead to: http, https, or one on this server. Everything else (`javascript:`, `data:`, `//host`) is undefined. */
export function safeHref(address: string): string | undefined {
  // oxlint-disable-next-line no-control-regex -- browsers leave control characters out of an address, which would hide its scheme
  if (address === '' || address.length > 2000 || /[\u0000-\u0020\u007f\\]/.test(address)) return undefined
  if (/^https?:\/\/[^/]/i.test(address)) return address
  if (address.startsWith('//') || /^[^/?#]*:/.test(address)) return undefined
  return address
}

/** A mark that waits for its end: where the parts inside it begin. */
interface Opened {
  readonly mark: string
  readonly from: number
}

const kinds = { '**': 'strong', __: 'strong', '*': 'em', _: 'em', '~~': 'del' } as const
const word = /[\p{L}\p{N}]/u

/** Reads the text inside a paragraph in one pass; a mark without its end is text. */
export function readInline(text: string): MarkdownInline[] {
  const parts: MarkdownInline[] = []
  const opened: Opened[] = []
  const codeEnds = codeRuns(text)
  let plain = ''
  const flush = (): void => {
    if (plain !== '') parts.push({ type: 'text', text: plain })
    plain = ''
  }
  /** Puts the marks above a place back as text: they were not closed in time. */
  const forget = (to: number): void => {
    for (const lost of opened.splice(to).toReversed()) parts.splice(lost.from, 0, { type: 'text', text: lost.mark })
  }
  let at = 0
  while (at < text.length) {
    const char = text[at] ?? ''
    if (char === '\\' && /[\\`*_{}[\]()#+.!|~<>-]/.test(text[at + 1] ?? '')) {
      plain += text[at + 1]
      at += 2
    } else if (char === '`') {
      const end = codeEnds(at)
      const length = runOf(text, at, '`')
      if (end === undefined) plain += text.slice(at, at + length)
      else {
        flush()
        parts.push({
          type: 'code',
          text: text
            .slice(at + length, end)
            .replace(/^ (.*) $/s, '$1')
            .replaceAll('\n', ' '),
        })
      }
      at = end === undefined ? at + length : end + length
    } else if (char === '!' && text[at + 1] === '[') {
      at += 1 // a picture is a link to it: a page loads nothing from elsewhere
    } else if (char === '[') {
      flush()
      const earlier = opened.findIndex((one) => one.mark === '[')
      if (earlier >= 0) forget(earlier) // links do not stand in links
      opened.push({ mark: '[', from: parts.length })
      at += 1
    } else if (char === ']') {
      const open = opened.findLastIndex((one) => one.mark === '[')
      const target = open < 0 || text[at + 1] !== '(' ? undefined : targetAt(text, at + 2)
      const href = target && safeHref(target.address)
      flush()
      if (open >= 0 && target && href !== undefined) {
        forget(open + 1)
        const [{ from }] = opened.splice(open) as [Opened]
        parts.push({ type: 'link', href, children: parts.splice(from) })
        at = target.end
      } else {
        if (open >= 0) {
          forget(open + 1)
          forget(open)
        }
        plain += ']'
        at += 1
      }
    } else if (char === '*' || char === '_' || (char === '~' && text[at + 1] === '~')) {
      const mark = text[at + 1] === char ? char + char : char
      const [before, after] = [text[at - 1] ?? ' ', text[at + mark.length] ?? ' ']
      const inside = char === '_' && word.test(before) && word.test(after)
      const open = opened.findLastIndex((one) => one.mark === mark)
      flush()
      if (!inside && open >= 0 && !/\s/.test(before)) {
        forget(open + 1)
        const [{ from }] = opened.splice(open) as [Opened]
        parts.push({ type: kinds[mark as keyof typeof kinds], children: parts.splice(from) })
      } else if (!inside && open < 0 && !/\s/.test(after)) opened.push({ mark, from: parts.length })
      else plain += mark
      at += mark.length
    } else if ((char === 'h' || char === 't') && !word.test(text[at - 1] ?? ' ')) {
      const address = addressAt(text, at)
      if (address === undefined) {
        plain += char
        at += 1
        continue
      }
      flush()
      const inLink = opened.some((one) => one.mark === '[')
      if (address.startsWith('trivium:')) parts.push({ type: 'mention', urn: address })
      else if (inLink) parts.push({ type: 'text', text: address })
      else parts.push({ type: 'link', href: address, children: [{ type: 'text', text: address }] })
      at += address.length
    } else {
      plain += char
      at += 1
    }
  }
  flush()
  forget(0)
  return joined(parts)
}

function runOf(text: string, at: number, char: string): number {
  let end = at
  while (text[end] === char) end += 1
  return end - at
}

/** Where a run of backticks is closed by one of the same length; each run is looked at once. */
function codeRuns(text: string): (at: number) => number | undefined {
  const places = new Map<number, number[]>()
  for (let at = text.length - 1; at >= 0; at -= 1) {
    if (text[at] !== '`') continue
    let from = at
    while (text[from - 1] === '`') from -= 1
    const length = at - from + 1
    const list = places.get(length) ?? []
    list.push(from)
    places.set(length, list)
    at = from
  }
  return (at) => {
    const list = places.get(runOf(text, at, '`')) ?? []
    while (list.length > 0 && (list.at(-1) ?? 0) <= at) list.pop()
    return list.at(-1)
  }
}

/** The address in the brackets of a link, with the place after them. */
function targetAt(text: string, from: number): { address: string; end: number } | undefined {
  let end = from
  while (end < text.length && end - from <= 2000 && !/[\s()<>]/.test(text[end] ?? '')) end += 1
  return text[end] === ')' ? { address: text.slice(from, end), end: end + 1 } : undefined
}

/** A bare address or URN. */
function addressAt(text: string, at: number): string | undefined {
  const begun = ['http://', 'https://', 'trivium://'].find((one) => text.startsWith(one, at))
  if (begun === undefined) return undefined
  let end = at + begun.length
  while (end < text.length && end - at < 2000 && !/[\s()<>"'`|[\]]/.test(text[end] ?? '')) end += 1
  while (/[.,;:!?*_~]/.test(text[end - 1] ?? '')) end -= 1
  const address = text.slice(at, end)
  if (begun === 'trivium://') return /^trivium:\/\/[^/]+\/[^/]+\/./.test(address) ? address : undefined
  return safeHref(address)
}

/** Neighbouring texts as one. */
function joined(parts: readonly MarkdownInline[]): MarkdownInline[] {
  const out: MarkdownInline[] = []
  for (const part of parts) {
    const last = out.at(-1)
    if (part.type === 'text' && last?.type === 'text')
      out[out.length - 1] = { type: 'text', text: last.text + part.text }
    else if ('children' in part) out.push({ ...part, children: joined(part.children) })
    else out.push(part)
  }
  return out
}

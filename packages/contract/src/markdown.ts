import { readInline } from './markdown-inline.ts'

/** Text inside a paragraph. `href` is http, https or relative, never anything else; a `mention` is a URN. */
export type MarkdownInline =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'code'; readonly text: string }
  | { readonly type: 'strong' | 'em' | 'del'; readonly children: readonly MarkdownInline[] }
  | { readonly type: 'link'; readonly href: string; readonly children: readonly MarkdownInline[] }
  | { readonly type: 'mention'; readonly urn: string }

/** A part of a page. */
export type MarkdownBlock =
  | { readonly type: 'heading'; readonly level: number; readonly children: readonly MarkdownInline[] }
  | { readonly type: 'paragraph'; readonly children: readonly MarkdownInline[] }
  | { readonly type: 'code'; readonly language: string; readonly text: string }
  | { readonly type: 'quote'; readonly children: readonly MarkdownBlock[] }
  | {
      readonly type: 'list'
      readonly start: number | undefined
      readonly items: readonly (readonly MarkdownBlock[])[]
    }
  | {
      readonly type: 'table'
      readonly align: readonly ('left' | 'right')[]
      readonly head: readonly (readonly MarkdownInline[])[]
      readonly rows: readonly (readonly (readonly MarkdownInline[])[])[]
    }
  | { readonly type: 'rule' }

/** Lists and quotes in each other; deeper ones are read as text. */
const deepest = 6

/**
 * Reads Markdown: headings, paragraphs, lists, quotes, code, tables, rules, and inside of them strong, em, struck, code, links and URNs.
 * HTML is text like any other, pictures are links; the time is linear in the length of the text.
 */
export function parseMarkdown(text: string): MarkdownBlock[] {
  return readBlocks(text.replace(/\r\n?/g, '\n').replaceAll('\t', '    ').split('\n'), 0)
}

const fence = /^ {0,3}(`{3,}|~{3,})([^`~]*)$/
const heading = /^ {0,3}(#{1,6})(?: +(.*))?$/
const rule = /^ {0,3}(?:(?:\* *){3,}|(?:- *){3,}|(?:_ *){3,})$/
const item = /^( {0,3})([-*+]|\d{1,9}[.)])( +|$)/
const quote = /^ {0,3}> ?/
const delimiter = /^\|? *:?-+:? *(?:\| *:?-+:? *)*\|?$/

function readBlocks(lines: readonly string[], depth: number): MarkdownBlock[] {
  const blocks: MarkdownBlock[] = []
  let paragraph: string[] = []
  const flush = (): void => {
    if (paragraph.length > 0) blocks.push({ type: 'paragraph', children: readInline(paragraph.join('\n').trim()) })
    paragraph = []
  }
  for (let at = 0; at < lines.length; ) {
    const line = lines[at] ?? ''
    if (line.trim() === '') {
      flush()
      at += 1
      continue
    }
    const found = readSpecial(lines, at, depth, paragraph.length > 0)
    if (found === undefined) {
      paragraph.push(line.trim())
      at += 1
      continue
    }
    flush()
    blocks.push(found.block)
    at = found.next
  }
  flush()
  return blocks
}

interface Found {
  readonly block: MarkdownBlock
  readonly next: number
}

/** The block that begins on a line and is no paragraph; undefined where there is none. */
function readSpecial(lines: readonly string[], at: number, depth: number, inParagraph: boolean): Found | undefined {
  const line = lines[at] ?? ''
  const fenced = fence.exec(line)
  if (fenced) return readCode(lines, at, fenced[1] ?? '```', (fenced[2] ?? '').trim())
  const headed = heading.exec(line)
  if (headed)
    return {
      block: {
        type: 'heading',
        level: headed[1]?.length ?? 1,
        children: readInline((headed[2] ?? '').trimEnd().replace(/ #{1,99}$/, '')),
      },
      next: at + 1,
    }
  if (rule.test(line)) return { block: { type: 'rule' }, next: at + 1 }
  if (depth < deepest && quote.test(line)) {
    let end = at
    while (end < lines.length && quote.test(lines[end] ?? '')) end += 1
    const inner = lines.slice(at, end).map((one) => one.replace(quote, ''))
    return { block: { type: 'quote', children: readBlocks(inner, depth + 1) }, next: end }
  }
  if (depth < deepest && item.test(line) && !(inParagraph && /^ {0,3}\d/.test(line))) return readList(lines, at, depth)
  if (line.includes('|') && delimiter.test((lines[at + 1] ?? '').trim()) && (lines[at + 1] ?? '').includes('|'))
    return readTable(lines, at)
  return undefined
}

function readCode(lines: readonly string[], at: number, mark: string, language: string): Found {
  let end = at + 1
  const closes = (line: string): boolean => {
    const text = line.trim()
    return text.length >= mark.length && text === (mark[0] ?? '`').repeat(text.length)
  }
  while (end < lines.length && !closes(lines[end] ?? '')) end += 1
  return { block: { type: 'code', language, text: lines.slice(at + 1, end).join('\n') }, next: end + 1 }
}

function readList(lines: readonly string[], at: number, depth: number): Found {
  const kind = (line: string): string | undefined => {
    if (rule.test(line)) return undefined
    const mark = item.exec(line)?.[2]
    return mark === undefined ? undefined : /\d/.test(mark) ? 'number' : 'mark'
  }
  const first = kind(lines[at] ?? '')
  const items: MarkdownBlock[][] = []
  let next = at
  while (next < lines.length && kind(lines[next] ?? '') === first) {
    const begun = item.exec(lines[next] ?? '')
    const indent = Math.min((begun?.[0].length ?? 2) || 2, (begun?.[1]?.length ?? 0) + 6)
    const own = [(lines[next] ?? '').slice(begun?.[0].length ?? 0)]
    next += 1
    while (next < lines.length) {
      const line = lines[next] ?? ''
      const blank = line.trim() === ''
      const inner = line.startsWith(' '.repeat(Math.min(indent, 2)))
      if (blank && !(lines[next + 1] ?? '').startsWith('  ')) break
      if (!blank && !inner && (kind(line) !== undefined || own.at(-1)?.trim() === '' || startsBlock(line))) break
      own.push(blank ? '' : dedent(line, indent))
      next += 1
    }
    items.push(readBlocks(own, depth + 1))
    // items may stand apart by an empty line
    if ((lines[next] ?? '').trim() === '' && kind(lines[next + 1] ?? '') === first) next += 1
  }
  const number = /\d+/.exec(item.exec(lines[at] ?? '')?.[2] ?? '')?.[0]
  return { block: { type: 'list', start: number === undefined ? undefined : Number(number), items }, next }
}

const startsBlock = (line: string): boolean => fence.test(line) || heading.test(line) || quote.test(line)

function dedent(line: string, most: number): string {
  let from = 0
  while (from < most && line[from] === ' ') from += 1
  return line.slice(from)
}

function readTable(lines: readonly string[], at: number): Found {
  const head = cellsOf(lines[at] ?? '')
  const align = cellsOf(lines[at + 1] ?? '').map((cell) => (cell.endsWith(':') ? 'right' : 'left'))
  let next = at + 2
  const rows: MarkdownInline[][][] = []
  while (next < lines.length && (lines[next] ?? '').includes('|')) {
    const cells = cellsOf(lines[next] ?? '')
    rows.push(head.map((_, index) => readInline(cells[index] ?? '')))
    next += 1
  }
  return {
    block: { type: 'table', align: head.map((_, i) => align[i] ?? 'left'), head: head.map(readInline), rows },
    next,
  }
}

/** The cells of a row; a bar after a backslash or inside code parts nothing. */
function cellsOf(line: string): string[] {
  const cells: string[] = []
  let cell = ''
  let code = false
  const text = line.trim().replace(/^\|/, '')
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] ?? ''
    if (char === '`') code = !code
    if (char === '\\' && text[at + 1] === '|') {
      cell += '|'
      at += 1
    } else if (char === '|' && !code) {
      cells.push(cell.trim())
      cell = ''
    } else cell += char
  }
  if (cell.trim() !== '') cells.push(cell.trim())
  return cells
}

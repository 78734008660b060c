import { type MarkdownBlock, type MarkdownInline, parseMarkdown } from './markdown.ts'

/** A part of a report that a comment can be about: a block of its Markdown, as its words, or a panel, as its definition. */
export interface ReportPassage {
  readonly text: string
  readonly panel: boolean
}

/** What a comment is about, as it was then; `nth` tells passages of the same words apart, from 0. */
export interface PassageAnchor extends ReportPassage {
  readonly nth: number
}

/** The passages of a report, in the order of `parseMarkdown`'s blocks. */
export function reportPassages(text: string): ReportPassage[] {
  return parseMarkdown(text).map((block) => ({
    text: blockText(block).replaceAll(/\s+/g, ' ').trim(),
    panel: block.type === 'code' && block.language === 'panel',
  }))
}

/** The anchor of a passage; undefined where there is none at that place, or nothing in it to know it by. */
export function anchorOf(passages: readonly ReportPassage[], at: number): PassageAnchor | undefined {
  const passage = passages[at]
  if (!passage || passage.text === '') return undefined
  const same = passages.slice(0, at).filter((one) => one.text === passage.text && one.panel === passage.panel)
  return { text: shortened(passage.text), panel: passage.panel, nth: same.length }
}

/**
 * Finds where the passage of an anchor stands now: undefined where it was changed or taken out. Other passages may have come, gone or moved. The passages are looked
 * through once, however many anchors are asked for.
 */
export function findsAnchors(passages: readonly ReportPassage[]): (anchor: PassageAnchor) => number | undefined {
  const places = new Map<string, number[]>()
  for (const [at, passage] of passages.entries()) {
    const known = places.get(keyOf(passage))
    if (known) known.push(at)
    else places.set(keyOf(passage), [at])
  }
  return (anchor) => {
    const found = places.get(keyOf(anchor)) ?? []
    return found[Math.min(anchor.nth, found.length - 1)]
  }
}

const longestAnchor = 2000
const keyOf = ({ text, panel }: ReportPassage): string => `${panel ? 'panel' : 'text'} ${shortened(text)}`

/** A thousand comments about one long passage do not hold it a thousand times: they know it by its beginning, its length and a digest. */
function shortened(text: string): string {
  if (text.length <= longestAnchor) return text
  let digest = 0xcbf29ce484222325n
  for (let at = 0; at < text.length; at += 1)
    digest = BigInt.asUintN(64, (digest ^ BigInt(text.charCodeAt(at))) * 0x100000001b3n)
  const end = `… ${text.length} ${digest.toString(16)}`
  return text.slice(0, longestAnchor - end.length) + end
}

function blockText(block: MarkdownBlock): string {
  if (block.type === 'code') return block.text
  if (block.type === 'heading' || block.type === 'paragraph') return inlineText(block.children)
  if (block.type === 'quote') return block.children.map(blockText).join(' ')
  if (block.type === 'list') return block.items.map((item) => item.map(blockText).join(' ')).join(' ')
  if (block.type === 'table') return [block.head, ...block.rows].map((row) => row.map(inlineText).join(' ')).join(' ')
  return ''
}

function inlineText(parts: readonly MarkdownInline[]): string {
  return parts
    .map((part) =>
      part.type === 'text' || part.type === 'code'
        ? part.text
        : part.type === 'mention'
          ? part.urn
          : inlineText(part.children),
    )
    .join('')
}

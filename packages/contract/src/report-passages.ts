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
  return { ...passage, nth: passages.slice(0, at).filter((one) => isSame(one, passage)).length }
}

/** Where the passage of an anchor stands now; undefined where it was changed or taken out. Other passages may have come, gone or moved. */
export function placeOfAnchor(passages: readonly ReportPassage[], anchor: PassageAnchor): number | undefined {
  const places = passages.flatMap((one, at) => (isSame(one, anchor) ? [at] : []))
  return places[Math.min(anchor.nth, places.length - 1)]
}

const isSame = (one: ReportPassage, other: ReportPassage): boolean =>
  one.text === other.text && one.panel === other.panel

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

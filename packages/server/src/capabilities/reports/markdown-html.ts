import { type MarkdownBlock, type MarkdownInline, parseMarkdown } from '@trivium/contract'
import { escapeHtml } from './export-page.ts'

/** Markdown as HTML of a file that stands alone: everything that people wrote is escaped, addresses of this server are words. `panelOf` is the HTML of a block `panel`. */
export function markdownHtml(text: string, panelOf: (text: string) => string | undefined): string {
  const blocks = (all: readonly MarkdownBlock[]): string => all.map(block).join('\n')
  const block = (one: MarkdownBlock): string => {
    switch (one.type) {
      case 'heading': {
        const level = Math.min(6, one.level + 1)
        return `<h${level}>${inline(one.children)}</h${level}>`
      }
      case 'paragraph':
        return `<p>${inline(one.children)}</p>`
      case 'rule':
        return '<hr>'
      case 'quote':
        return `<blockquote>${blocks(one.children)}</blockquote>`
      case 'code':
        return (
          (one.language === 'panel' ? panelOf(one.text) : undefined) ??
          `<pre><code>${escapeHtml(one.text)}</code></pre>`
        )
      case 'list': {
        const items = one.items.map((item) => `<li>${blocks(item)}</li>`).join('')
        return one.start === undefined ? `<ul>${items}</ul>` : `<ol start="${one.start}">${items}</ol>`
      }
      case 'table': {
        const row = (cells: readonly (readonly MarkdownInline[])[], tag: 'th' | 'td') =>
          `<tr>${cells.map((cell, at) => `<${tag}${one.align[at] === 'right' ? ' class="r"' : ''}>${inline(cell)}</${tag}>`).join('')}</tr>`
        return `<table><thead>${row(one.head, 'th')}</thead><tbody>${one.rows.map((cells) => row(cells, 'td')).join('')}</tbody></table>`
      }
    }
  }
  return blocks(parseMarkdown(text))
}

function inline(parts: readonly MarkdownInline[]): string {
  return parts
    .map((part): string => {
      switch (part.type) {
        case 'text':
          return escapeHtml(part.text)
        case 'code':
          return `<code>${escapeHtml(part.text)}</code>`
        case 'mention':
          return `<code>${escapeHtml(part.urn)}</code>`
        case 'link':
          return /^https?:/i.test(part.href)
            ? `<a href="${escapeHtml(part.href)}" rel="noopener noreferrer nofollow">${inline(part.children)}</a>`
            : `${inline(part.children)} (<code>${escapeHtml(part.href)}</code>)`
        case 'strong':
        case 'em':
        case 'del':
          return `<${part.type}>${inline(part.children)}</${part.type}>`
      }
    })
    .join('')
}

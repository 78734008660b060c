import { type MarkdownBlock, type MarkdownInline, parseMarkdown } from '@trivium/contract'
import { createElement, Fragment, type ReactNode, useMemo } from 'react'
import { AppLink } from './app-link.tsx'
import { EntityLink } from './entity-link.tsx'
import { parseUrn } from './entity-url.ts'
import './markdown.css'

interface MarkdownProps {
  readonly text: string
  /** Draws a fenced block in another way; undefined leaves it code. */
  readonly renderCode?: (language: string, text: string, at: number) => ReactNode | undefined
  /** Draws around a block; `at` counts the blocks of the text from 0. */
  readonly wrap?: (block: ReactNode, at: number) => ReactNode
  /** The level of `#`: 2 below a page's title. */
  readonly top?: number
}

/** Markdown as elements: HTML in it is text, links lead to http, https or this server, URNs are links to their things. */
export function Markdown({ text, renderCode, wrap, top = 2 }: MarkdownProps) {
  const blocks = useMemo(() => withoutSkips(parseMarkdown(text)), [text])
  return (
    <div className="md">
      {blocks.map((block, at) => {
        const drawn = renderBlock(block, at, { renderCode, top })
        return wrap ? wrap(drawn, at) : drawn
      })}
    </div>
  )
}

/** Headings begin at the first level and leave none out, whatever was written: who hears a page goes by them. */
function withoutSkips(blocks: readonly MarkdownBlock[]): readonly MarkdownBlock[] {
  const used = [...new Set(blocks.flatMap((one) => (one.type === 'heading' ? [one.level] : [])))].toSorted()
  let before = 0
  return blocks.map((one) => {
    if (one.type !== 'heading') return one
    before = Math.min(used.indexOf(one.level) + 1, before + 1)
    return { ...one, level: before }
  })
}

interface Options {
  readonly renderCode: MarkdownProps['renderCode']
  readonly top: number
}

function renderBlock(block: MarkdownBlock, at: number, options: Options): ReactNode {
  if (block.type === 'heading')
    return createElement(`h${Math.min(6, block.level + options.top - 1)}`, { key: at }, renderInline(block.children))
  if (block.type === 'paragraph') return <p key={at}>{renderInline(block.children)}</p>
  if (block.type === 'rule') return <hr key={at} />
  if (block.type === 'code')
    return (
      <Fragment key={at}>
        {options.renderCode?.(block.language, block.text, at) ?? (
          // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls sideways, which the keyboard must reach
          <pre tabIndex={0}>
            <code>{block.text}</code>
          </pre>
        )}
      </Fragment>
    )
  const inner = (blocks: readonly MarkdownBlock[]) => blocks.map((one, index) => renderBlock(one, index, options))
  if (block.type === 'quote') return <blockquote key={at}>{inner(block.children)}</blockquote>
  if (block.type === 'list') {
    const items = block.items.map((item, index) => <li key={`${at}-${index}`}>{inner(item)}</li>)
    return block.start === undefined ? (
      <ul key={at}>{items}</ul>
    ) : (
      <ol key={at} start={block.start}>
        {items}
      </ol>
    )
  }
  const side = (index: number) => (block.align[index] === 'right' ? 'r' : undefined)
  return (
    <div key={at} className="table-frame">
      <table className="data data-compact">
        <thead>
          <tr>
            {block.head.map((cell, index) => (
              <th key={`h${index}`} scope="col" className={side(index)}>
                {renderInline(cell)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {block.rows.map((row, line) => (
            <tr key={`r${line}`}>
              {row.map((cell, index) => (
                <td key={`c${index}`} className={side(index)}>
                  {renderInline(cell)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

const tags = { strong: 'strong', em: 'em', del: 'del' } as const

function renderInline(parts: readonly MarkdownInline[]): ReactNode[] {
  return parts.map((part, at) => {
    if (part.type === 'text') return part.text
    if (part.type === 'code') return <code key={at}>{part.text}</code>
    if (part.type === 'mention') {
      const entity = parseUrn(part.urn)
      return entity ? <EntityLink key={at} {...entity} look="bare" /> : <code key={at}>{part.urn}</code>
    }
    if (part.type === 'link')
      return /^https?:/i.test(part.href) ? (
        <a key={at} className="link" href={part.href} rel="noopener noreferrer nofollow" target="_blank">
          {renderInline(part.children)}
        </a>
      ) : (
        <AppLink key={at} className="link" href={part.href}>
          {renderInline(part.children)}
        </AppLink>
      )
    return createElement(tags[part.type], { key: at }, renderInline(part.children))
  })
}

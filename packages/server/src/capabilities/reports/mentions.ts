import { type MarkdownBlock, type MarkdownInline, parseMarkdown } from '@trivium/contract'
import { parseUrn, urn } from '../../kernel/ids/index.ts'

/** Things that are kept as mentioned by one report. */
const most = 200

/** Pages of things, as people copy them from the address bar. */
const pages: readonly (readonly [RegExp, string])[] = [
  [/^\/p\/([^/]+)\/(runs)\/([^/?#]+)$/, 'run'],
  [/^\/p\/([^/]+)\/(models)\/([^/?#]+)(?:\/versions\/([^/?#]+))?$/, 'model'],
  [/^\/p\/([^/]+)\/(datasets)\/([^/?#]+)(?:\/versions\/([^/?#]+))?$/, 'dataset'],
  [/^\/p\/([^/]+)\/(deployments)\/([^/?#]+)$/, 'deployment'],
]

/** URNs of the things of the project that a text names, by URN or by a link to their page; each once, in their order. */
export function findMentions(project: string, text: string): string[] {
  const found = new Set<string>()
  const add = (name: string): void => {
    const parts = parseUrn(name)
    if (parts?.project === project && found.size < most)
      found.add(urn(parts.project, parts.kind, parts.id, parts.version))
  }
  const inline = (parts: readonly MarkdownInline[]): void => {
    for (const part of parts) {
      if (part.type === 'mention') add(part.urn)
      if (part.type === 'link') addPage(part.href, add)
      if ('children' in part) inline(part.children)
    }
  }
  const blocks = (all: readonly MarkdownBlock[]): void => {
    for (const block of all) {
      if (block.type === 'list') for (const item of block.items) blocks(item)
      else if (block.type === 'quote') blocks(block.children)
      else if (block.type === 'table')
        for (const row of [block.head, ...block.rows]) for (const cell of row) inline(cell)
      else if ('children' in block) inline(block.children)
    }
  }
  blocks(parseMarkdown(text))
  return [...found]
}

function addPage(href: string, add: (urn: string) => void): void {
  const path = (/^https?:\/\/[^/]+(\/.*)$/i.exec(href)?.[1] ?? href).replace(/[?#].*$/s, '')
  for (const [page, kind] of pages) {
    const [, project, , id, version] = page.exec(path) ?? []
    if (project === undefined || id === undefined) continue
    const parts = [project, id, version].map((part) => (part === undefined ? undefined : decoded(part)))
    if (parts[0] !== undefined && parts[1] !== undefined) add(urn(parts[0], kind, parts[1], parts[2]))
  }
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part)
  } catch {
    return undefined // half an escape is no name
  }
}

import { describe, expect, test } from 'vitest'
import { type MarkdownBlock, parseMarkdown } from './markdown.ts'
import { safeHref } from './markdown-inline.ts'

const inside = (text: string) => {
  const [first] = parseMarkdown(text)
  return first && 'children' in first ? first.children : undefined
}

describe('Markdown', () => {
  test('headings, lists in lists, quotes, code and tables become blocks', () => {
    const text = `# A title
one *soft* **hard** \`code\`

- a
  - b
- c

> said

\`\`\`panel
kind: table
\`\`\`

| name | n |
|---|--:|
| x | 1 |
---
3. third`
    expect(parseMarkdown(text).map((block) => block.type)).toEqual([
      'heading',
      'paragraph',
      'list',
      'quote',
      'code',
      'table',
      'rule',
      'list',
    ])
    const blocks = parseMarkdown(text) as any[]
    expect(blocks[2].items).toHaveLength(2)
    expect(blocks[2].items[0].map((one: MarkdownBlock) => one.type)).toEqual(['paragraph', 'list'])
    expect(blocks[4]).toEqual({ type: 'code', language: 'panel', text: 'kind: table' })
    expect(blocks[5]).toMatchObject({ align: ['left', 'right'], rows: [[[{ text: 'x' }], [{ text: '1' }]]] })
    expect(blocks[7].start).toBe(3)
  })

  test('marks that are not closed, and marks inside words, are text', () => {
    expect(inside('a ** b and snake_case_name [x and 2 * 3')).toEqual([
      { type: 'text', text: 'a ** b and snake_case_name [x and 2 * 3' },
    ])
    expect(inside('**a *b**')).toEqual([{ type: 'strong', children: [{ type: 'text', text: 'a *b' }] }])
  })

  test('HTML is text, and a picture is no more than a link', () => {
    expect(inside('<script>alert(1)</script>')).toEqual([{ type: 'text', text: '<script>alert(1)</script>' }])
    expect(inside('![x](https://a.example/p.png)')).toEqual([
      { type: 'link', href: 'https://a.example/p.png', children: [{ type: 'text', text: 'x' }] },
    ])
  })

  test.each([
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    'java\u0000script:alert(1)',
    ' javascript:alert(1)',
    'data:text/html,x',
    'vbscript:x',
    '//evil.example',
    '\\\\evil.example',
    '/\\evil.example',
    'http:evil',
    'file:///etc/passwd',
    'x:y',
    '',
  ])('an address such as %j leads nowhere', (address) => {
    expect(safeHref(address)).toBeUndefined()
    expect(JSON.stringify(parseMarkdown(`[x](${address})`))).not.toContain('"link"')
  })

  test.each(['https://a.example/x?y=1#z', 'HTTP://a.example', '/p/demo/runs/1', '../x', '#part', 'runs/1?a=b:c'])(
    'the address %s is a link',
    (address) => expect(safeHref(address)).toBe(address),
  )

  test('bare addresses and URNs are found, without the full stop after them', () => {
    expect(inside('See trivium://demo/model/late@2, or https://a.example/x.')).toEqual([
      { type: 'text', text: 'See ' },
      { type: 'mention', urn: 'trivium://demo/model/late@2' },
      { type: 'text', text: ', or ' },
      { type: 'link', href: 'https://a.example/x', children: [{ type: 'text', text: 'https://a.example/x' }] },
      { type: 'text', text: '.' },
    ])
  })

  test('hostile text of 100,000 characters is read at once', () => {
    const begun = performance.now()
    for (const part of ['[', '**', '*a ', '`', '](', '> ', '- ', '|-', '~', '_a', '![', '# ', 'http://', '`a``'])
      parseMarkdown(part.repeat(100_000 / part.length) + '`')
    parseMarkdown(`|\n-${' '.repeat(100_000)}x`)
    parseMarkdown(Array.from({ length: 300 }, (_, at) => `${' '.repeat(at)}- x`).join('\n'))
    expect(performance.now() - begun).toBeLessThan(3000)
  })
})

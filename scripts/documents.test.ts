import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { expect, test } from 'vitest'
import { root, trackedFiles } from './tracked-files.ts'

const documents = trackedFiles().filter((path) => path.endsWith('.md'))

test('every link of a document leads to a file, and every anchor to a heading', () => {
  expect(documents).toContain('README.md')
  const broken = documents.flatMap((document) => {
    const text = withoutCode(readFileSync(join(root, document), 'utf8'))
    return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !/^(https?|mailto):/.test(target) && !leads(document, target))
      .map((target) => `${document} → ${target}`)
  })
  expect(broken).toEqual([])
})

test('the files and folders that AGENTS.md and CONTRIBUTING.md name are there', () => {
  const missing = ['AGENTS.md', 'CONTRIBUTING.md'].flatMap((document) =>
    [
      ...readFileSync(join(root, document), 'utf8').matchAll(
        /`((?:packages|scripts|python|docs|examples|tests)\/[\w./-]*)`/g,
      ),
    ]
      .map(([, path = '']) => path)
      .filter((path) => !/[A-Z]{3}|\*/.test(path) && !existsSync(join(root, path)))
      .map((path) => `${document} → ${path}`),
  )
  expect(missing).toEqual([])
})

function leads(document: string, target: string): boolean {
  const [path = '', anchor] = target.split('#')
  const file = path === '' ? document : normalize(join(dirname(document), path))
  if (!existsSync(join(root, file))) return false
  return anchor === undefined || !file.endsWith('.md') || anchorsOf(file).includes(anchor)
}

function anchorsOf(file: string): string[] {
  const headings = readFileSync(join(root, file), 'utf8').matchAll(/^#+ (.+)$/gm)
  return [...headings].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

function withoutCode(text: string): string {
  return text.replaceAll(/^```[\s\S]*?^```$/gm, '').replaceAll(/`[^`\n]*`/g, '')
}

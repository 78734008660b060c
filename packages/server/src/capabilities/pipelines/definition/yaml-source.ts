import type { Document, LineCounter, Node } from 'yaml'
import { yaml } from '../../../kernel/libraries/index.ts'

/** Something wrong in a definition: where, and what to do about it. */
export interface Problem {
  /** Keys from the top, joined by dots: `steps.train.retry.max`. */
  readonly path: string
  readonly message: string
}

export type KeyPath = readonly (string | number)[]

/** A YAML file with its problems: each names file, line and key. */
export interface YamlSource {
  readonly value: unknown
  readonly problems: readonly Problem[]
  report(path: KeyPath, message: string): void
}

/** Reads YAML; syntax errors (duplicate keys among them) are problems like every other. */
export function readYaml(text: string, file: string): YamlSource {
  const { LineCounter, parseDocument } = yaml()
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true, merge: true })
  const problems: Problem[] = document.errors.map((error) => ({
    path: '',
    message: `${file}:${lines.linePos(error.pos[0]).line}: ${error.message.split('\n')[0]}`,
  }))
  return {
    value: problems.length > 0 ? undefined : toPlain(document),
    problems,
    report: (path, message) => {
      const line = lineOf(document.contents, path, lines)
      problems.push({
        path: path.join('.'),
        message: `${file}${line === undefined ? '' : `:${line}`}: ${path.length > 0 ? `${path.join('.')}: ` : ''}${message}`,
      })
    },
  }
}

function toPlain(document: Document.Parsed): unknown {
  return document.toJS({ maxAliasCount: 100 }) as unknown
}

/** The line of the deepest key of the path that the file has. */
function lineOf(root: Node | null, path: KeyPath, lines: LineCounter): number | undefined {
  const { isMap, isNode, isSeq } = yaml()
  let node: unknown = root
  let line: number | undefined
  for (const key of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => String(isNode(item.key) ? item.key.toJSON() : item.key) === String(key))
      if (!pair) break
      if (isNode(pair.key) && pair.key.range) line = lines.linePos(pair.key.range[0]).line
      node = pair.value
    } else if (isSeq(node)) {
      const item = node.items[Number(key)]
      if (!isNode(item)) break
      if (item.range) line = lines.linePos(item.range[0]).line
      node = item
    } else break
  }
  return line
}

import type { LineageNode } from '@trivium/contract'
import { formatVersion, kindWord } from '../../ui/entity-kinds.ts'
import { shortName } from '../../ui/short-name.ts'

interface NodeWords {
  readonly name: string
  readonly version?: string
  readonly fact?: string
}

/** What a node of the graph says: a name that people know, its version, one fact; an id without a name gives way to its kind. */
export function nodeWords({
  kind,
  name,
  version,
  fact,
}: Pick<LineageNode, 'kind' | 'name' | 'version' | 'fact'>): NodeWords {
  const written = version === null || version === undefined ? undefined : formatVersion(kind, version)
  // the fact of a version often begins with it, that of an unnamed thing with its kind
  const said = (fact ?? '').startsWith(`${written} `) ? (fact ?? '').slice(`${written} `.length) : (fact ?? '')
  const isId = /^[a-z]{3}_[0-9a-z]{20,}$/.test(name)
  const ofMany = kind === 'window' || kind === 'prediction'
  const word = kindWord(kind)
  return {
    name: isId ? word : ofMany ? (name.split(':').at(-1) ?? name) : shortName(name),
    ...(written === undefined ? {} : { version: written }),
    ...(said === '' ? {} : { fact: isId && said.startsWith(`${word} `) ? said.slice(word.length + 1) : said }),
  }
}

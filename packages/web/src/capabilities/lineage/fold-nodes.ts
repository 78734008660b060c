import type { LineageEdge, LineageNode } from '@trivium/contract'
import { kindWord } from '../../ui/entity-kinds.ts'
import { formatPlural } from '../../ui/format-number.ts'
import { columnOf } from './lineage-columns.ts'

/** The kinds that make the way from a row to a prediction and on to an alert; the rest stays faint. */
const onTheWay = new Set([
  'prediction',
  'release',
  'model',
  'run',
  'dataset',
  'feature-view',
  'commit',
  'window',
  'monitor',
  'alert',
])
/** More than this in a column and its kinds are folded: of the way to the prediction a few stay, of the rest none. */
const fullColumn = 9
const mostOfKind = 4
const mostOfKindInFull = 2
/** From here on one of a kind stays. */
const overfullColumn = 16

export interface FoldedGraph {
  readonly nodes: readonly LineageNode[]
  readonly edges: readonly LineageEdge[]
  /** What lies on the way from a row to what followed. */
  readonly path: ReadonlySet<string>
}

/** Draws of each kind the nearest few, the rest as one counted group; `opened` are the groups that the reader opened. */
export function foldNodes(
  nodes: readonly LineageNode[],
  edges: readonly LineageEdge[],
  opened: ReadonlySet<string> = new Set(),
): FoldedGraph {
  const sides = new Map<string, LineageNode[]>()
  const columns = new Map<number, number>()
  for (const node of nodes.toSorted((a, b) => Math.abs(a.depth) - Math.abs(b.depth) || (b.at ?? 0) - (a.at ?? 0))) {
    const side = `${node.kind}/${Math.sign(node.depth)}`
    const column = columnOf(node.kind, node.depth)
    columns.set(column, (columns.get(column) ?? 0) + 1)
    sides.set(side, [...(sides.get(side) ?? []), node])
  }
  const kept: LineageNode[] = []
  const place = new Map<string, string>()
  for (const [side, members] of sides) {
    const [first] = members
    if (!first) continue
    const inColumn = columns.get(columnOf(first.kind, first.depth)) ?? 0
    const ofPath = inColumn > overfullColumn ? 1 : mostOfKindInFull
    const most = inColumn <= fullColumn ? mostOfKind : onTheWay.has(first.kind) ? ofPath : 0
    const group = `group:${side}`
    // a group of one would take the place of the one
    const isFolded = first.depth !== 0 && members.length > most + 1 && !opened.has(group)
    const shown = isFolded ? members.slice(0, most) : members
    kept.push(...shown)
    for (const { urn } of shown) place.set(urn, urn)
    if (!isFolded) continue
    const rest = members.length - most
    const many = formatPlural(rest, kindWord(first.kind))
    kept.push({
      ...first,
      urn: group,
      name: most === 0 ? many : `${rest} more`,
      version: null,
      fact: most === 0 ? 'show them' : many,
    })
    for (const { urn } of members.slice(most)) place.set(urn, group)
  }
  const drawn = new Map<string, LineageEdge>()
  for (const edge of edges) {
    const [from, to] = [place.get(edge.from), place.get(edge.to)]
    if (from !== undefined && to !== undefined && from !== to) drawn.set(`${from}\n${to}`, { ...edge, from, to })
  }
  const path = new Set(
    kept.filter((node) => !node.urn.startsWith('group:') && onTheWay.has(node.kind)).map((node) => node.urn),
  )
  return { nodes: kept, edges: [...drawn.values()], path }
}

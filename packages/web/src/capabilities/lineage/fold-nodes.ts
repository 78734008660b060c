import type { LineageEdge, LineageNode } from '@trivium/contract'

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
const mostDrawn = 40
const mostOfKind = 4

export interface FoldedGraph {
  readonly nodes: readonly LineageNode[]
  readonly edges: readonly LineageEdge[]
  /** What lies on the way from a row to what followed. */
  readonly path: ReadonlySet<string>
}

/** At most forty nodes are drawn: of each kind the nearest few, the rest as one counted group. */
export function foldNodes(nodes: readonly LineageNode[], edges: readonly LineageEdge[]): FoldedGraph {
  const kept: LineageNode[] = []
  const groups = new Map<string, LineageNode[]>()
  const seen = new Map<string, number>()
  for (const node of nodes.toSorted((a, b) => Math.abs(a.depth) - Math.abs(b.depth) || (b.at ?? 0) - (a.at ?? 0))) {
    const side = `${node.kind}/${Math.sign(node.depth)}`
    const count = seen.get(side) ?? 0
    seen.set(side, count + 1)
    if (node.depth === 0 || (count < mostOfKind && kept.length < mostDrawn - 8)) kept.push(node)
    else groups.set(side, [...(groups.get(side) ?? []), node])
  }
  const place = new Map(kept.map((node) => [node.urn, node.urn]))
  for (const [side, members] of groups) {
    const first = members[0]
    if (!first) continue
    kept.push({
      ...first,
      urn: `group:${side}`,
      name: `${members.length} more`,
      version: null,
      fact: first.kind.replace('-', ' '),
    })
    for (const member of members) place.set(member.urn, `group:${side}`)
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

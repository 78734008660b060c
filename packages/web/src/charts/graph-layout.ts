import dagre from '@dagrejs/dagre'

/** A node before it has a place. */
export interface GraphNodeInput {
  readonly id: string
  /** For layout by columns: which of the named columns. */
  readonly column?: number | undefined
}

/** An edge, in the direction of time. */
export interface GraphEdgeInput {
  readonly from: string
  readonly to: string
}

/** Narrower only where all steps of a pipeline would not fit otherwise. */
export const nodeWidth = 150
export const leastNodeWidth = 122
export const nodeHeight = 50

export interface PlacedNode {
  readonly id: string
  readonly x: number
  readonly y: number
}

/** Left to right by dependency. */
export function layoutByRank(
  nodes: readonly GraphNodeInput[],
  edges: readonly GraphEdgeInput[],
  { gapX = 24, gapY = 14, width = nodeWidth } = {},
): PlacedNode[] {
  const graph = new dagre.graphlib.Graph()
  graph.setGraph({ rankdir: 'LR', nodesep: gapY, ranksep: gapX, marginx: 1, marginy: 3 })
  graph.setDefaultEdgeLabel(() => ({}))
  for (const { id } of nodes) graph.setNode(id, { width, height: nodeHeight })
  // edges near the beginning pull harder, so that a node stands as early as what it depends on allows
  const depth = depths(nodes, edges)
  const deepest = Math.max(0, ...depth.values())
  for (const { from, to } of edges) {
    if (graph.hasNode(from) && graph.hasNode(to))
      graph.setEdge(from, to, { weight: 1 + deepest - (depth.get(from) ?? 0) })
  }
  dagre.layout(graph)
  return nodes.map(({ id }) => {
    const { x, y } = graph.node(id)
    return { id, x: x - width / 2, y: y - nodeHeight / 2 }
  })
}

/** How many nodes stand side by side in the longest path. */
export function rankCount(nodes: readonly GraphNodeInput[], edges: readonly GraphEdgeInput[]): number {
  return Math.max(0, ...depths(nodes, edges).values()) + 1
}

/** How many steps lie before each node. */
function depths(nodes: readonly GraphNodeInput[], edges: readonly GraphEdgeInput[]): Map<string, number> {
  const depth = new Map(nodes.map((node) => [node.id, 0]))
  for (let round = 0, moved = true; moved && round < nodes.length; round++) {
    moved = false
    for (const { from, to } of edges) {
      const wanted = (depth.get(from) ?? 0) + 1
      if (depth.has(from) && (depth.get(to) ?? wanted) < wanted) {
        depth.set(to, wanted)
        moved = true
      }
    }
  }
  return depth
}

/** By kind: one column each, ordered within it so that edges cross little; `row` 0 is the walked path. */
export function layoutByColumn(
  nodes: readonly (GraphNodeInput & { readonly onPath?: boolean | undefined })[],
  edges: readonly GraphEdgeInput[],
  { gapX = 22, gapY = 22 } = {},
): PlacedNode[] {
  const columns = new Map<number, string[]>()
  for (const node of nodes.toSorted((a, b) => Number(b.onPath ?? false) - Number(a.onPath ?? false))) {
    const column = node.column ?? 0
    columns.set(column, [...(columns.get(column) ?? []), node.id])
  }
  const order = [...columns.keys()].toSorted((a, b) => a - b)
  const neighbours = new Map<string, string[]>()
  for (const { from, to } of edges) {
    neighbours.set(from, [...(neighbours.get(from) ?? []), to])
    neighbours.set(to, [...(neighbours.get(to) ?? []), from])
  }
  const row = new Map<string, number>()
  for (const ids of columns.values()) for (const [index, id] of ids.entries()) row.set(id, index - (ids.length - 1) / 2)
  for (let round = 0; round < 4; round++) {
    for (const column of round % 2 === 0 ? order : order.toReversed()) {
      const ids = columns.get(column) ?? []
      const wanted = (id: string) => {
        const near = (neighbours.get(id) ?? [])
          .filter((other) => !ids.includes(other))
          .map((other) => row.get(other) ?? 0)
        return near.length === 0 ? (row.get(id) ?? 0) : near.reduce((a, b) => a + b, 0) / near.length
      }
      const sorted = ids.toSorted((a, b) => wanted(a) - wanted(b))
      columns.set(column, sorted)
      for (const [index, id] of sorted.entries()) row.set(id, index - (sorted.length - 1) / 2)
    }
  }
  const least = Math.min(0, ...row.values())
  return nodes.map((node) => ({
    id: node.id,
    x: (node.column ?? 0) * (nodeWidth + gapX),
    y: ((row.get(node.id) ?? 0) - least) * (nodeHeight + gapY) + 3,
  }))
}

/** The space between the nodes of a column: less where the fullest would not fit otherwise. */
export function columnGap(nodes: readonly GraphNodeInput[], room: number): number {
  const counts = new Map<number, number>()
  for (const { column = 0 } of nodes) counts.set(column, (counts.get(column) ?? 0) + 1)
  const most = Math.max(1, ...counts.values())
  return Math.max(10, Math.min(22, Math.floor((room - most * nodeHeight) / Math.max(1, most - 1))))
}

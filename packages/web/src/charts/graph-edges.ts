import { nodeHeight, type PlacedNode } from './graph-layout.ts'

const half = nodeHeight / 2
const lane = 11

/** A drawn edge: its line, its arrow head, and how far to the right it reaches. */
export interface EdgePath {
  readonly path: string
  readonly head: string
  readonly right: number
}

/** The path of an edge from right to left side, around the nodes that stand between; its end carries an arrow head. */
export function edgePath(from: PlacedNode, to: PlacedNode, all: readonly PlacedNode[], nodeWidth = 150): EdgePath {
  if (from.x === to.x) return verticalPath(from, to, all, nodeWidth)
  const [sx, sy, tx, ty] = [from.x + nodeWidth, from.y + half, to.x, to.y + half]
  const head = `M${tx - 5} ${ty - 3}l5 3l-5 3`
  const gap = Math.max(8, Math.min(28, Math.abs(tx - sx)))
  if (tx < sx) return { path: `M${sx} ${sy}C${sx + 40} ${sy} ${tx - 40} ${ty} ${tx} ${ty}`, head, right: sx + 18 }
  const between = all.filter((node) => node !== from && node !== to && node.x >= sx && node.x + nodeWidth <= tx)
  const yAt = (x: number) => sy + ((ty - sy) * (x - sx)) / (tx - sx)
  const hit = between.filter((node) => {
    const y = yAt(node.x + nodeWidth / 2)
    return y > node.y - 4 && y < node.y + nodeHeight + 4
  })
  if (hit.length === 0) {
    const middle = (sx + tx) / 2
    return {
      path: sy === ty ? `M${sx} ${sy}H${tx}` : `M${sx} ${sy}C${middle} ${sy} ${middle} ${ty} ${tx} ${ty}`,
      head,
      right: tx,
    }
  }
  const below = Math.max(...hit.map((node) => node.y + nodeHeight)) + lane
  const above = Math.min(...hit.map((node) => node.y)) - lane
  const down = Math.abs(below - sy) + Math.abs(below - ty) <= Math.abs(above - sy) + Math.abs(above - ty) || above < 2
  const y = down ? below : above
  return {
    path: `M${sx} ${sy}C${sx + gap * 0.7} ${sy} ${sx + gap * 0.3} ${y} ${sx + gap} ${y}H${tx - gap}C${tx - gap * 0.3} ${y} ${tx - gap * 0.7} ${ty} ${tx} ${ty}`,
    head,
    right: tx,
  }
}

function verticalPath(from: PlacedNode, to: PlacedNode, all: readonly PlacedNode[], nodeWidth: number): EdgePath {
  const down = from.y < to.y
  const [top, bottom] = down ? [from, to] : [to, from]
  const blocked = all.some((node) => node.x === from.x && node.y > top.y && node.y < bottom.y)
  const x = from.x + nodeWidth / 2
  if (!blocked) {
    const [y0, y1] = down ? [from.y + nodeHeight, to.y] : [from.y, to.y + nodeHeight]
    return {
      path: `M${x} ${y0}V${y1}`,
      head: down ? `M${x - 3} ${y1 - 5}l3 5l3 -5` : `M${x - 3} ${y1 + 5}l3 -5l3 5`,
      right: x + 3,
    }
  }
  const [sx, sy, ty] = [from.x + nodeWidth, from.y + half, to.y + half]
  return {
    path: `M${sx} ${sy}C${sx + 16} ${sy} ${sx + 16} ${ty} ${sx} ${ty}`,
    head: `M${sx + 5} ${ty - 3}l-5 3l5 3`,
    right: sx + 14,
  }
}

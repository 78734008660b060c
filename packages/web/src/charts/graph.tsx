import { useMemo } from 'react'
import { kindIcon } from '../ui/entity-kinds.ts'
import { formatDuration } from '../ui/format-time.ts'
import { StateGlyph, type StateKind, stateNames } from '../ui/state.tsx'
import { useRoomBelow } from '../ui/use-room-below.ts'
import { useWidth } from '../ui/use-width.ts'
import { edgePath } from './graph-edges.ts'
import {
  columnGap,
  layoutByColumn,
  layoutByRank,
  leastNodeWidth,
  nodeHeight,
  nodeWidth,
  type PlacedNode,
  rankCount,
} from './graph-layout.ts'
import { GraphView } from './graph-view.tsx'

/** A node: icon and name, then state and one fact. */
export interface GraphNode {
  readonly id: string
  readonly name: string
  readonly kind?: string | undefined
  readonly version?: string | undefined
  readonly fact?: string | undefined
  readonly state?: StateKind | undefined
  /** For layout by columns: which of the named columns. */
  readonly column?: number | undefined
  /** On the walked path: dark edges; the rest is faint. */
  readonly onPath?: boolean | undefined
  readonly focus?: boolean | undefined
  /** 0 to 1: a thin bar at the foot of a running node. */
  readonly progress?: number | undefined
  readonly tookMs?: number | undefined
}

export interface GraphEdge {
  readonly from: string
  readonly to: string
  readonly onPath?: boolean | undefined
  /** Dashed: the result came from the cache. */
  readonly cached?: boolean | undefined
}

interface GraphProps {
  readonly label: string
  readonly nodes: readonly GraphNode[]
  readonly edges: readonly GraphEdge[]
  /** Column heads; nodes then stand by `column`, else by dependency. */
  readonly columns?: readonly string[]
  readonly onSelect?: (id: string) => void
  /** Scrolls beyond. */
  readonly maxHeight?: number
  /** Seen whole when it opens, in the room that the window has below; with a zoom. */
  readonly fit?: boolean
  /** Draws what is not on the path faintly. */
  readonly pathOnly?: boolean
}

const headHeight = 26

/** A graph from left to right. Nodes do not move while states change; show the same content as a table beside or below it. */
export function Graph({
  label,
  nodes,
  edges,
  columns,
  onSelect,
  maxHeight = 460,
  fit = false,
  pathOnly = false,
}: GraphProps) {
  const [attach, width, frame] = useWidth<HTMLDivElement>()
  const room = useRoomBelow(frame, { least: 320, margin: 44, ready: fit && width > 0 })
  const height = fit ? room : maxHeight
  const byColumn = columns !== undefined
  const top = columns ? headHeight : 0
  const gapX = columns
    ? Math.max(22, Math.min(48, (width - columns.length * nodeWidth - 2) / Math.max(1, columns.length - 1)))
    : 24
  const gapY = fit ? columnGap(nodes, height - top - 14) : 22
  const ranks = useMemo(() => (byColumn ? 1 : rankCount(nodes, edges)), [byColumn, nodes, edges])
  const fits = byColumn || ranks * (nodeWidth + gapX) - gapX <= width
  const boxWidth = fits
    ? nodeWidth
    : Math.max(leastNodeWidth, Math.min(nodeWidth, Math.floor((width + 18) / ranks) - 18))
  const gap = fits ? gapX : 18
  // laid out once per shape: facts and states may change without a node moving
  const shape = JSON.stringify([
    nodes.map((node) => [node.id, node.column, byColumn ? node.onPath : 0]),
    edges.map((edge) => [edge.from, edge.to]),
  ])
  const placed = useMemo(() => {
    const [ids, pairs] = JSON.parse(shape) as [[string, number | undefined, boolean | undefined][], [string, string][]]
    const inputs = ids.map(([id, column, onPath]) => ({ id, column: column ?? undefined, onPath: onPath ?? undefined }))
    const links = pairs.map(([from, to]) => ({ from, to }))
    return byColumn
      ? layoutByColumn(inputs, links, { gapX: gap, gapY })
      : layoutByRank(inputs, links, { gapX: gap, width: boxWidth })
  }, [shape, byColumn, gap, gapY, boxWidth])
  const at = useMemo(() => new Map(placed.map((node) => [node.id, node])), [placed])
  const drawn = edges
    .flatMap((edge) => {
      const [from, to] = [at.get(edge.from), at.get(edge.to)]
      return from && to ? [{ edge, ...edgePath(from, to, placed, boxWidth) }] : []
    })
    .toSorted((a, b) => Number(a.edge.onPath ?? false) - Number(b.edge.onPath ?? false))
  // edges that lead back or past their own column bow out at the right
  const bow = Math.max(0, ...drawn.map(({ right }) => right))
  const extentX = Math.max(boxWidth, bow, ...placed.map((node) => node.x + boxWidth)) + 2
  const extentY = Math.max(nodeHeight, ...placed.map((node) => node.y + nodeHeight)) + 14
  const focus = at.get(nodes.find((node) => node.focus)?.id ?? '')
  return (
    <GraphView
      label={label}
      attach={attach}
      frame={frame}
      width={width}
      content={{ width: extentX, height: extentY + top }}
      fit={fit}
      maxHeight={height}
      focus={focus && { x: focus.x, y: focus.y + top, width: boxWidth, height: nodeHeight }}
    >
      {columns?.map((column, index) => (
        <span key={column} className="gr-column" style={{ left: index * (nodeWidth + gapX) }}>
          {column}
        </span>
      ))}
      <svg className="c" width={extentX} height={extentY} style={{ top }} aria-hidden>
        {drawn.map(({ edge, path, head }) => (
          <g
            key={`${edge.from}>${edge.to}`}
            fill="none"
            stroke={edge.onPath ? 'var(--text)' : pathOnly ? 'var(--line-strong)' : 'var(--line-control)'}
            strokeWidth={edge.onPath ? 1.6 : 1.3}
          >
            <path d={path} strokeDasharray={edge.cached ? '3 2' : undefined} />
            <path d={head} />
          </g>
        ))}
      </svg>
      {nodes.map((node) => (
        <NodeBox
          key={node.id}
          node={node}
          place={at.get(node.id)}
          top={top}
          width={boxWidth}
          faint={pathOnly && !node.onPath && !node.focus}
          onSelect={onSelect}
        />
      ))}
    </GraphView>
  )
}

interface NodeBoxProps {
  readonly node: GraphNode
  readonly place: PlacedNode | undefined
  readonly top: number
  readonly width: number
  readonly faint: boolean
  readonly onSelect: ((id: string) => void) | undefined
}

function NodeBox({ node, place, top, width, faint, onSelect }: NodeBoxProps) {
  const Icon = node.kind ? kindIcon(node.kind) : undefined
  const fact = [node.version, node.fact, node.tookMs === undefined ? undefined : formatDuration(node.tookMs)]
    .filter(Boolean)
    .join(' ')
  const content = (
    <>
      <span className="gr-line gr-name" data-long={node.name.length > (Icon ? 15 : 19) || undefined}>
        {Icon && <Icon className="ic" aria-hidden />}
        <span className="trunc">{node.name}</span>
      </span>
      <span className="gr-line gr-fact">
        {node.state ? (
          <StateGlyph kind={node.state} label={stateNames[node.state]} />
        ) : (
          Icon && <span className="gr-blank" />
        )}
        <span className="trunc">{fact}</span>
      </span>
      {node.progress !== undefined && (
        <span className="gr-progress" aria-hidden>
          <i style={{ transform: `scaleX(${Math.max(0, Math.min(1, node.progress))})` }} />
        </span>
      )}
    </>
  )
  const shared = {
    style: { left: place?.x ?? 0, top: (place?.y ?? 0) + top, width },
    'data-path': node.onPath || undefined,
    'data-faint': faint || undefined,
    'data-focus': node.focus || undefined,
    'data-cached': node.state === 'cached' || undefined,
    title: `${node.name}${fact ? `, ${fact}` : ''}`,
  }
  return onSelect ? (
    <button
      type="button"
      className="gr-node"
      aria-pressed={node.focus ?? false}
      onClick={() => onSelect(node.id)}
      {...shared}
    >
      {content}
    </button>
  ) : (
    <div className="gr-node" {...shared}>
      {content}
    </div>
  )
}

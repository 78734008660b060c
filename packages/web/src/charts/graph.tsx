import {
  BaseEdge,
  type Edge,
  type EdgeProps,
  getBezierPath,
  getStraightPath,
  Handle,
  MarkerType,
  type Node,
  type NodeProps,
  Position,
  ReactFlow,
} from '@xyflow/react'
import '@xyflow/react/dist/base.css'
import { useMemo } from 'react'
import { formatDuration } from '../ui/format-time.ts'
import { kindIcon } from '../ui/entity-kinds.ts'
import { StateGlyph, type StateKind, stateNames } from '../ui/state.tsx'
import { useWidth } from '../ui/use-width.ts'
import { layoutByColumn, layoutByRank, nodeHeight, nodeWidth } from './graph-layout.ts'

/** A node: icon and name, then state and one fact. */
export interface GraphNode {
  readonly id: string
  readonly name: string
  readonly kind?: string
  readonly version?: string | undefined
  readonly fact?: string | undefined
  readonly state?: StateKind | undefined
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
  /** At most; smaller graphs take less. */
  readonly maxHeight?: number
  /** Draws what is not on the path faintly. */
  readonly pathOnly?: boolean
}

type FlowNode = Node<{ node: GraphNode; faint: boolean; onSelect: ((id: string) => void) | undefined }, 'entity'>
type FlowEdge = Edge<{ vertical: boolean; path: boolean; faint: boolean; cached: boolean }, 'entity'>

/** A graph from left to right. Nodes do not move; give the same content as a table beside or below it. */
export function Graph({ label, nodes, edges, columns, onSelect, maxHeight = 460, pathOnly = false }: GraphProps) {
  const [attach, width] = useWidth<HTMLDivElement>()
  const shape = `${nodes.map((node) => `${node.id}:${node.column ?? ''}`).join(' ')}|${edges.map((edge) => `${edge.from}>${edge.to}`).join(' ')}`
  const gapX = columns
    ? Math.max(18, Math.min(48, (width - columns.length * nodeWidth) / Math.max(1, columns.length - 1)))
    : 24
  // laid out once per shape: states and facts may change without a node moving
  const placed = useMemo(() => {
    const all = columns ? layoutByColumn(nodes, edges, { gapX }) : layoutByRank(nodes, edges)
    return new Map(all.map((node) => [node.id, node]))
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [shape, gapX, columns !== undefined])
  const extentX = Math.max(nodeWidth, ...[...placed.values()].map((node) => node.x + nodeWidth)) + 2
  const extentY = Math.max(nodeHeight, ...[...placed.values()].map((node) => node.y + nodeHeight)) + 4
  const zoom = width > 0 ? Math.min(1, Math.max(0.55, width / extentX)) : 1
  const height = Math.min(maxHeight, Math.ceil(extentY * zoom) + 2)

  const flowNodes: FlowNode[] = nodes.map((node) => ({
    id: node.id,
    type: 'entity',
    position: placed.get(node.id) ?? { x: 0, y: 0 },
    data: { node, faint: pathOnly && !node.onPath && !node.focus, onSelect },
    width: nodeWidth,
    height: nodeHeight,
    focusable: false,
  }))
  const flowEdges: FlowEdge[] = edges.map((edge) => {
    const [a, b] = [placed.get(edge.from), placed.get(edge.to)]
    const vertical = a !== undefined && b !== undefined && a.x === b.x
    const down = vertical && a.y < b.y
    const faint = pathOnly && !edge.onPath
    const stroke = edge.onPath ? 'var(--text)' : faint ? 'var(--line-strong)' : 'var(--line-control)'
    return {
      id: `${edge.from}>${edge.to}`,
      type: 'entity',
      source: edge.from,
      target: edge.to,
      sourceHandle: vertical ? (down ? 'bottom-out' : 'top-out') : 'right',
      targetHandle: vertical ? (down ? 'top-in' : 'bottom-in') : 'left',
      data: { vertical, path: edge.onPath ?? false, faint, cached: edge.cached ?? false },
      style: { stroke, strokeWidth: edge.onPath ? 1.6 : 1.2, ...(edge.cached ? { strokeDasharray: '3 2' } : {}) },
      markerEnd: { type: MarkerType.Arrow, color: stroke, width: 14, height: 14, strokeWidth: 1.4 },
      zIndex: edge.onPath ? 1 : 0,
      focusable: false,
    }
  })

  return (
    <div className="gr" ref={attach} role="group" aria-label={label}>
      {columns && (
        <div className="gr-columns" aria-hidden>
          {columns.map((column, index) => (
            <span key={column} style={{ left: index * (nodeWidth + gapX) * zoom }}>
              {column}
            </span>
          ))}
        </div>
      )}
      <div style={{ height }}>
        {width > 0 && (
          <ReactFlow<FlowNode, FlowEdge>
            key={`${zoom.toFixed(3)}-${shape.length}`}
            nodes={flowNodes}
            edges={flowEdges}
            nodeTypes={nodeTypes}
            edgeTypes={edgeTypes}
            defaultViewport={{ x: 1, y: 0, zoom }}
            minZoom={0.3}
            maxZoom={1.4}
            nodesDraggable={false}
            nodesConnectable={false}
            elementsSelectable={false}
            panOnDrag={extentY * zoom > maxHeight || extentX * zoom > width}
            zoomOnScroll={false}
            zoomOnDoubleClick={false}
            panOnScroll={false}
            preventScrolling={false}
            disableKeyboardA11y
          />
        )}
      </div>
    </div>
  )
}

const sides = [
  { id: 'left', type: 'target', position: Position.Left },
  { id: 'right', type: 'source', position: Position.Right },
  { id: 'top-in', type: 'target', position: Position.Top },
  { id: 'top-out', type: 'source', position: Position.Top },
  { id: 'bottom-in', type: 'target', position: Position.Bottom },
  { id: 'bottom-out', type: 'source', position: Position.Bottom },
] as const

function EntityNode({ data }: NodeProps<FlowNode>) {
  const { node, faint, onSelect } = data
  const Icon = node.kind ? kindIcon(node.kind) : undefined
  const took = node.tookMs === undefined ? '' : formatDuration(node.tookMs)
  const fact = [node.version, node.fact, took].filter(Boolean).join(' ')
  const content = (
    <>
      <span className="gr-line gr-name">
        {Icon && <Icon className="ic" aria-hidden />}
        <span className="trunc">{node.name}</span>
      </span>
      <span className="gr-line gr-fact" style={Icon ? { paddingLeft: node.state ? 1 : 20 } : undefined}>
        {node.state && <StateGlyph kind={node.state} label={stateNames[node.state]} />}
        <span className="trunc">{fact}</span>
      </span>
      {node.progress !== undefined && (
        <span className="gr-progress" aria-hidden>
          <i style={{ transform: `scaleX(${node.progress})` }} />
        </span>
      )}
    </>
  )
  const marks = {
    'data-path': node.onPath || undefined,
    'data-faint': faint || undefined,
    'data-focus': node.focus || undefined,
    'data-cached': node.state === 'cached' || undefined,
    title: `${node.name}${fact ? `, ${fact}` : ''}`,
  }
  return (
    <>
      {sides.map((side) => (
        <Handle key={side.id} {...side} className="gr-handle" isConnectable={false} />
      ))}
      {onSelect ? (
        <button
          type="button"
          className="gr-node clickable nodrag nopan"
          aria-pressed={node.focus ?? false}
          onClick={() => onSelect(node.id)}
          {...marks}
        >
          {content}
        </button>
      ) : (
        <div className="gr-node" {...marks}>
          {content}
        </div>
      )}
    </>
  )
}

function EntityEdge({
  sourceX,
  sourceY,
  targetX,
  targetY,
  sourcePosition,
  targetPosition,
  data,
  style,
  markerEnd,
}: EdgeProps<FlowEdge>) {
  const ends = { sourceX, sourceY, targetX, targetY }
  const [path] =
    data?.vertical || sourceY === targetY
      ? getStraightPath(ends)
      : getBezierPath({ ...ends, sourcePosition, targetPosition, curvature: 0.35 })
  return <BaseEdge path={path} {...(style ? { style } : {})} {...(markerEnd ? { markerEnd } : {})} />
}

const nodeTypes = { entity: EntityNode }
const edgeTypes = { entity: EntityEdge }

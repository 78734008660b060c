import { getLineage, type LineageEdge, type LineageNode, searchEntities } from '@trivium/contract'
import { useRouter } from '@tanstack/react-router'
import { useState } from 'react'
import { Graph } from '../../charts/graph.tsx'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { number, oneOf, text, useSearchState } from '../../shell/search-state.ts'
import { usePageParams } from '../../shell/use-page-params.ts'
import { Segmented } from '../../ui/button.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { EntityLink } from '../../ui/entity-link.tsx'
import { parseUrn } from '../../ui/entity-url.ts'
import { formatPlural } from '../../ui/format-number.ts'
import { PageHeader } from '../../ui/page-header.tsx'
import { Section } from '../../ui/section.tsx'
import { Time } from '../../ui/time.tsx'
import { columnOf, columns } from './lineage-columns.ts'
import { foldNodes } from './fold-nodes.ts'
import { nodeWords } from './node-words.ts'

const shape = { urn: text(), back: number(), forward: number(), as: oneOf(['graph', 'table'], 'graph') }

/** The graph around one entity: back to what it was made from, forward to what followed. */
export function Page() {
  const { project, id } = usePageParams<'id'>()
  const [view, setView] = useSearchState(shape)
  const urn = view.urn || (id?.startsWith('trivium://') ? id : '')
  return urn === '' ? (
    <Find project={project} start={id ?? ''} onChoose={(chosen) => setView({ urn: chosen }, { push: true })} />
  ) : (
    <Walk
      key={urn}
      project={project}
      urn={urn}
      back={view.back ?? 4}
      forward={view.forward ?? 3}
      look={view.as}
      onLook={(as) => setView({ as })}
    />
  )
}

function Find({
  project,
  start,
  onChoose,
}: {
  readonly project: string
  readonly start: string
  readonly onChoose: (urn: string) => void
}) {
  const [typed, setTyped] = useState(start)
  const hits = useContractQuery(
    searchEntities,
    { query: { q: typed || ':', project, limit: 50 } },
    { keep: true, enabled: typed !== '' },
  )
  return (
    <>
      <PageHeader title="Lineage" />
      <p className="prose t2">
        Every entity of the project and every prediction is in one graph. Begin with a name, an id or a tag.
      </p>
      <input
        className="inp mt-12"
        style={{ width: 360 }}
        aria-label="Find an entity"
        placeholder="Name, id or tag"
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
      />
      {typed !== '' && (
        <div className="mt-16">
          <QueryView query={hits} what="the graph" permission="lineage:read">
            {(data) =>
              data.hits.length === 0 ? (
                <p className="t2">Nothing is called “{typed}”.</p>
              ) : (
                <DataTable
                  label="Entities"
                  rows={data.hits}
                  rowKey={(hit) => hit.urn}
                  columns={[
                    {
                      id: 'name',
                      head: 'Entity',
                      cell: (hit) => (
                        <button type="button" className="btn btn-link" onClick={() => onChoose(hit.urn)}>
                          {hit.name}
                          {hit.version && ` v${hit.version}`}
                        </button>
                      ),
                    },
                    { id: 'kind', head: 'Kind', cell: (hit) => <span className="t2">{hit.kind}</span> },
                    { id: 'fact', head: 'Fact', cut: true, cell: (hit) => <span className="t2">{hit.fact}</span> },
                    { id: 'at', head: 'When', align: 'right', cell: (hit) => <Time at={hit.at} clock="event" /> },
                  ]}
                />
              )
            }
          </QueryView>
        </div>
      )}
    </>
  )
}

interface WalkProps {
  readonly project: string
  readonly urn: string
  readonly back: number
  readonly forward: number
  readonly look: 'graph' | 'table'
  readonly onLook: (look: 'graph' | 'table') => void
}

function Walk({ project, urn, back, forward, look, onLook }: WalkProps) {
  const router = useRouter()
  const graph = useContractQuery(getLineage, { params: { project }, query: { urn, back, forward } }, { keep: true })
  const entity = parseUrn(urn)
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set())
  const open = (chosen: string) => {
    if (chosen.startsWith('group:')) setOpened(new Set([...opened, chosen]))
    if (chosen.startsWith('trivium://'))
      router.history.push(`/p/${encodeURIComponent(project)}/lineage?urn=${encodeURIComponent(chosen)}`)
  }
  return (
    <>
      <PageHeader
        kind={entity?.kind ?? 'lineage'}
        title={entity?.name ?? urn}
        version={entity?.version}
        note={
          graph.data &&
          `${formatPlural(graph.data.nodes.length, 'entity', 'entities')}${graph.data.truncated ? ', more exist' : ''}`
        }
        actions={
          <>
            {entity && (
              <EntityLink kind={entity.kind} name={entity.name} id={entity.id} version={entity.version}>
                Open its page
              </EntityLink>
            )}
            <Segmented
              label="Look"
              value={look}
              onChange={onLook}
              options={[
                { value: 'graph', label: 'Graph' },
                { value: 'table', label: 'Table' },
              ]}
            />
          </>
        }
      />
      <QueryView query={graph} what="the graph" shape="chart" permission="lineage:read">
        {({ focus, nodes, edges }) => {
          const folded = foldNodes(nodes, edges, opened)
          return (
            <>
              {look === 'graph' && (
                <Graph
                  label={`What ${focus.name} was made from and what followed`}
                  columns={columns}
                  fit
                  nodes={folded.nodes.map((node) => ({
                    id: node.urn,
                    kind: node.kind,
                    ...nodeWords(node),
                    column: columnOf(node.kind, node.depth),
                    focus: node.urn === focus.urn,
                    onPath: folded.path.has(node.urn),
                  }))}
                  edges={folded.edges.map((edge) => ({
                    from: edge.from,
                    to: edge.to,
                    onPath: folded.path.has(edge.from) && folded.path.has(edge.to),
                  }))}
                  onSelect={open}
                />
              )}
              <Path nodes={nodes} edges={edges} />
            </>
          )
        }}
      </QueryView>
    </>
  )
}

/** The same content in words, oldest first. */
function Path({ nodes, edges }: { readonly nodes: readonly LineageNode[]; readonly edges: readonly LineageEdge[] }) {
  const rows = nodes.toSorted((a, b) => a.depth - b.depth || (a.at ?? 0) - (b.at ?? 0))
  const role = (node: LineageNode) => edges.filter((edge) => edge.to === node.urn).map((edge) => edge.as)[0] ?? ''
  return (
    <Section title="In words" note="from the origin to what followed">
      <DataTable
        label="Lineage in words"
        density="compact"
        rows={rows}
        rowKey={(node) => node.urn}
        tone={(node) => (node.depth === 0 ? 'selected' : undefined)}
        columns={[
          { id: 'at', head: 'When', cell: (node) => <Time at={node.at} clock="event" /> },
          {
            id: 'kind',
            from: 420,
            head: 'Kind',
            cell: (node) => <span className="t2">{node.kind.replace('-', ' ')}</span>,
          },
          {
            id: 'name',
            head: 'Entity',
            cell: (node) => {
              const entity = parseUrn(node.urn)
              return (
                <EntityLink
                  kind={node.kind}
                  name={node.name}
                  id={entity?.id}
                  version={node.version ?? undefined}
                  look="bare"
                  strong={node.depth === 0}
                />
              )
            },
          },
          { id: 'role', from: 760, head: 'How', cell: (node) => <span className="t2">{role(node)}</span> },
          { id: 'fact', from: 520, head: 'Fact', cut: true, cell: (node) => <span className="t2">{node.fact}</span> },
          {
            id: 'steps',
            from: 640,
            head: 'Steps away',
            align: 'right',
            cell: (node) => (node.depth === 0 ? '–' : Math.abs(node.depth)),
          },
        ]}
      />
    </Section>
  )
}

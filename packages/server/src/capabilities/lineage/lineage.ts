import type { LineageEdge, LineageNode, SearchHit } from '@trivium/contract'
import { sql } from 'kysely'
import type { Reader } from '../../kernel/db/index.ts'
import { defineErrors } from '../../kernel/errors/index.ts'
import { parseUrn } from '../../kernel/ids/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { holds, type Principal, type Scope } from '../../kernel/principal/index.ts'
import { projectEvents } from './project-events.ts'

export const lineageErrors = defineErrors('LINEAGE', {
  NOT_A_URN: {
    status: 400,
    message: (text: string) => `"${text}" is not a URN. It looks like trivium://project/kind/id@version.`,
  },
  NODE_NOT_FOUND: { status: 404, message: (urn: string) => `Nothing is known about ${urn} in this project.` },
})

/** Answers for nodes that are ledger rows and so never in the event log (predictions): the node and its edges, read when asked. */
export type LineageResolver = (
  scope: Scope,
  urn: string,
) => Promise<{ node: Omit<LineageNode, 'depth'>; edges: LineageEdge[] } | undefined>

export interface LineageGraph {
  focus: LineageNode
  nodes: LineageNode[]
  edges: LineageEdge[]
  truncated: boolean
}

export interface Lineage {
  /** Registered in the composition root by the capability that owns the ledger. */
  addResolver(kind: string, resolver: LineageResolver): void
  walk(scope: Scope, input: { urn: string; back: number; forward: number; limit: number }): Promise<LineageGraph>
  /**
   * URNs of the kind `wanted` that were made of any of these, at most `limit`. The walk does not go beyond the kinds in `ends`, nor from one version of a
   * dataset to the next.
   */
  downstream(
    scope: Scope,
    urns: readonly string[],
    input: { wanted: readonly string[]; ends: readonly string[]; limit: number },
  ): Promise<string[]>
  search(principal: Principal, input: { q: string; project?: string; limit: number }): Promise<SearchHit[]>
}

const kindByPrefix: Record<string, string> = {
  m: 'model',
  r: 'run',
  d: 'dataset',
  p: 'pipeline',
  a: 'alert',
  f: 'feature-view',
  e: 'experiment',
  s: 'deployment',
}
const mostWords = 8

export function createLineage({ db, consumers }: Pick<Kernel, 'db' | 'consumers'>): Lineage {
  const resolvers = new Map<string, LineageResolver>()
  consumers.add({ name: 'lineage', events: 'all', handle: projectEvents })

  const nodesOf = async (scope: Scope, urns: readonly string[]): Promise<Map<string, Omit<LineageNode, 'depth'>>> => {
    const found = new Map<string, Omit<LineageNode, 'depth'>>()
    for (let start = 0; start < urns.length; start += 500) {
      const rows = await db.read
        .selectFrom('lineage_node')
        .select(['urn', 'kind', 'name', 'version', 'fact', 'at'])
        .where('project_id', '=', scope.project)
        .where('urn', 'in', urns.slice(start, start + 500))
        .execute()
      for (const row of rows) found.set(row.urn, row)
    }
    return found
  }

  async function walk(
    scope: Scope,
    input: { urn: string; back: number; forward: number; limit: number },
  ): Promise<LineageGraph> {
    const parts = parseUrn(input.urn)
    if (!parts) throw lineageErrors.NOT_A_URN(input.urn)
    const resolved = await resolvers.get(parts.kind)?.(scope, input.urn)
    const focus = resolved?.node ?? (await nodesOf(scope, [input.urn])).get(input.urn)
    if (!focus || parts.project !== scope.project) throw lineageErrors.NODE_NOT_FOUND(input.urn)
    const depths = new Map<string, number>([[input.urn, 0]])
    const edges = new Map<string, LineageEdge>()
    let truncated = false
    for (const direction of [-1, 1] as const) {
      let frontier = [input.urn]
      for (let step = 1; step <= (direction < 0 ? input.back : input.forward) && frontier.length > 0; step += 1) {
        const found = await edgesFrom(db.read, scope.project, frontier, direction, input.limit + 1)
        if (found.length > input.limit) truncated = true
        if (resolved && frontier.includes(input.urn))
          found.push(...resolved.edges.filter((edge) => (direction < 0 ? edge.to : edge.from) === input.urn))
        const next = new Set<string>()
        for (const edge of found) {
          const other = direction < 0 ? edge.from : edge.to
          if (!depths.has(other)) {
            if (depths.size >= input.limit) {
              truncated = true
              continue
            }
            depths.set(other, direction * step)
            next.add(other)
          }
          edges.set(`${edge.from}\n${edge.to}\n${edge.as}`, edge)
        }
        frontier = [...next]
      }
    }
    const known = await nodesOf(scope, [...depths.keys()])
    const nodes = [...depths].map(([urn, depth]): LineageNode => {
      const node = urn === input.urn ? focus : known.get(urn)
      const split = parseUrn(urn)
      return {
        urn,
        kind: node?.kind ?? split?.kind ?? '',
        name: node?.name ?? split?.id ?? urn,
        version: node?.version ?? split?.version ?? null,
        fact: node?.fact ?? '',
        at: node?.at ?? null,
        depth,
      }
    })
    return {
      focus: { ...focus, depth: 0 },
      nodes,
      edges: [...edges.values()].filter((edge) => depths.has(edge.from) && depths.has(edge.to)),
      truncated,
    }
  }

  return {
    addResolver: (kind, resolver) => void resolvers.set(kind, resolver),
    walk,
    downstream: (scope, urns, input) => downstream(db.read, scope.project, urns, input),
    search: async (principal, { q, project, limit }) => {
      const prefixed = /^([a-z]):\s*(.*)$/.exec(q.trim())
      const kind = prefixed ? kindByPrefix[prefixed[1] ?? ''] : undefined
      const text = (kind ? prefixed?.[2] : q.trim().replace(/^#/, ''))?.toLowerCase() ?? ''
      const likeOf = (word: string, before: string) => `${before}${word.replaceAll(/[\\%_]/g, (c) => `\\${c}`)}%`
      const words = text.split(/\s+/).filter(Boolean).slice(0, mostWords)
      let query = db.read
        .selectFrom('lineage_node')
        .select(['urn', 'kind', 'name', 'version', 'project_id as project', 'fact', 'at'])
        .where((e) => e.and(words.map((word) => sql<boolean>`search like ${likeOf(word, '%')} escape '\\'`)))
        // What is called so stands before what begins so, before what has a word that begins so, before the rest.
        .orderBy(
          sql`case when lower(name) = ${text} then 0 when lower(name) like ${likeOf(text, '')} escape '\\' then 1 when search like ${likeOf(text, '% ')} escape '\\' then 2 else 3 end`,
        )
        .orderBy('at', 'desc')
        .limit(limit)
      const projects =
        project !== undefined ? [project] : principal.grants.has('*') ? undefined : [...principal.grants.keys()]
      if (project !== undefined && !holds(principal, project, 'lineage:read')) return []
      if (projects) {
        const readable = projects.filter((name) => holds(principal, name, 'lineage:read'))
        if (readable.length === 0) return []
        query = query.where('project_id', 'in', readable)
      }
      if (kind !== undefined) query = query.where('kind', '=', kind)
      return query.execute()
    },
  }
}

const nodesWalked = 20_000
const edgesAtOnce = 5000

async function downstream(
  db: Reader,
  project: string,
  urns: readonly string[],
  { wanted, ends, limit }: { wanted: readonly string[]; ends: readonly string[]; limit: number },
): Promise<string[]> {
  const seen = new Set(urns)
  const found: string[] = []
  let frontier = [...seen]
  while (frontier.length > 0 && found.length < limit && seen.size < nodesWalked) {
    const next: string[] = []
    for (let start = 0; start < frontier.length; start += 500) {
      for (const edge of await edgesFrom(db, project, frontier.slice(start, start + 500), 1, edgesAtOnce)) {
        const [from, to] = [parseUrn(edge.from), parseUrn(edge.to)]
        if (!to || seen.has(edge.to) || (to.kind === 'dataset' && from?.kind === 'dataset' && from.id === to.id))
          continue
        seen.add(edge.to)
        if (wanted.includes(to.kind)) found.push(edge.to)
        if (!ends.includes(to.kind)) next.push(edge.to)
      }
    }
    frontier = next
  }
  return found.slice(0, limit)
}

async function edgesFrom(
  db: Reader,
  project: string,
  urns: readonly string[],
  direction: -1 | 1,
  limit: number,
): Promise<LineageEdge[]> {
  const rows = await db
    .selectFrom('lineage_edge')
    .select(['from_urn', 'to_urn', 'role'])
    .where('project_id', '=', project)
    .where(direction < 0 ? 'to_urn' : 'from_urn', 'in', urns)
    .orderBy('at', 'desc')
    .limit(limit)
    .execute()
  return rows.map((row) => ({ from: row.from_urn, to: row.to_urn, as: row.role }))
}

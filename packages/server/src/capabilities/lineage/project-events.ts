import type { SealedEvent } from '@trivium/contract'
import type { Insertable } from 'kysely'
import type { Tables, Trx } from '../../kernel/db/index.ts'
import { parseUrn } from '../../kernel/ids/index.ts'
import './tables.ts'

/** Rows in one statement; SQLite takes up to 32,766 parameters. */
const mostRows = 1000

type NodeRow = Insertable<Tables['lineage_node']>

/** A node as a batch leaves it. */
interface Projected {
  row: NodeRow
  /** An event is about it; without one it was only referred to. */
  told: boolean
  /** An event said a name or tags. */
  tagged: boolean
}

/**
 * Writes what a batch of events says into the graph: a node for each URN, an edge for each reference with a direction. Handling an event twice changes nothing.
 * The rows of the whole batch go in with a few statements.
 */
export async function projectEvents(trx: Trx, events: readonly SealedEvent[]): Promise<void> {
  const nodes = new Map<string, Projected>()
  const edges = new Map<string, Insertable<Tables['lineage_edge']>>()
  for (const event of events) {
    tell(nodes, event)
    for (const ref of event.refs) {
      if (ref.rel === 'about') continue
      touch(nodes, event.project, ref.urn)
      const [from, to] = ref.rel === 'input' ? [ref.urn, event.subject] : [event.subject, ref.urn]
      const key = JSON.stringify([event.project, from, to, ref.as])
      if (!edges.has(key))
        edges.set(key, {
          project_id: event.project,
          from_urn: from,
          to_urn: to,
          role: ref.as,
          at: event.eventTime ?? event.at,
        })
    }
  }
  const rowsOf = (told: boolean, tagged: boolean): NodeRow[] =>
    [...nodes.values()].filter((node) => node.told === told && node.tagged === tagged).map(({ row }) => row)
  for (const rows of chunks(rowsOf(false, false)))
    await trx
      .insertInto('lineage_node')
      .values(rows)
      .onConflict((c) => c.columns(['project_id', 'urn']).doNothing())
      .execute()
  for (const tagged of [false, true])
    for (const rows of chunks(rowsOf(true, tagged)))
      await trx
        .insertInto('lineage_node')
        .values(rows)
        // An event that says no name and no tags leaves the ones that are known.
        .onConflict((c) =>
          c.columns(['project_id', 'urn']).doUpdateSet((e) => ({
            fact: e.ref('excluded.fact'),
            at: e.ref('excluded.at'),
            ...(tagged ? { search: e.ref('excluded.search') } : {}),
          })),
        )
        .execute()
  for (const rows of chunks([...edges.values()]))
    await trx
      .insertInto('lineage_edge')
      .values(rows)
      .onConflict((c) => c.columns(['project_id', 'from_urn', 'to_urn', 'role']).doNothing())
      .execute()
}

function* chunks<T>(rows: readonly T[]): Generator<readonly T[]> {
  for (let start = 0; start < rows.length; start += mostRows) yield rows.slice(start, start + mostRows)
}

const keyOf = (project: string, urn: string): string => `${project} ${urn}`

function tell(nodes: Map<string, Projected>, event: SealedEvent): void {
  const parts = parseUrn(event.subject)
  if (!parts) return
  const key = keyOf(event.project, event.subject)
  const before = nodes.get(key)
  const tags = searchTerms(event)
  const search = `${parts.id} ${parts.version ?? ''} ${tags}`.toLowerCase().slice(0, 2000)
  nodes.set(key, {
    told: true,
    tagged: tags !== '' || before?.tagged === true,
    row: {
      project_id: event.project,
      urn: event.subject,
      kind: parts.kind,
      name: parts.id,
      version: parts.version ?? null,
      fact: factOf(event),
      search: tags === '' && before ? before.row.search : search,
      at: event.eventTime ?? event.at,
    },
  })
}

/** A node that was only referred to so far: known by name, without a fact. */
function touch(nodes: Map<string, Projected>, project: string, urn: string): void {
  const parts = parseUrn(urn)
  const key = keyOf(project, urn)
  if (!parts || parts.project !== project || nodes.has(key)) return
  nodes.set(key, {
    told: false,
    tagged: false,
    row: {
      project_id: project,
      urn,
      kind: parts.kind,
      name: parts.id,
      version: parts.version ?? null,
      fact: '',
      search: parts.id.toLowerCase(),
      at: null,
    },
  })
}

/** The second line of a node: what the event says about itself, else the event's name in words. */
function factOf(event: SealedEvent): string {
  const fact = event.data['fact']
  if (typeof fact === 'string') return fact
  return event.name.replace('.', ' ').replaceAll('-', ' ')
}

function searchTerms(event: SealedEvent): string {
  const { title, name, tags, digest } = event.data
  // A digest alone says no name: what is known of the names stays.
  const called = typeof name === 'string' ? [name, digest] : []
  return [title, ...called, ...(Array.isArray(tags) ? tags : [])].filter((term) => typeof term === 'string').join(' ')
}

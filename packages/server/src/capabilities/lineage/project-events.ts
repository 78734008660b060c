import type { SealedEvent } from '@trivium/contract'
import type { Trx } from '../../kernel/db/index.ts'
import { parseUrn } from '../../kernel/ids/index.ts'
import './tables.ts'

/** Writes what a batch of events says into the graph: a node for each URN, an edge for each reference with a direction. Handling an event twice changes nothing. */
export async function projectEvents(trx: Trx, events: readonly SealedEvent[]): Promise<void> {
  for (const event of events) {
    await upsertNode(trx, event.project, event.subject, {
      fact: factOf(event),
      at: event.eventTime ?? event.at,
      tags: searchTerms(event),
    })
    for (const ref of event.refs) {
      if (ref.rel === 'about') continue
      await touchNode(trx, event.project, ref.urn)
      const [from, to] = ref.rel === 'input' ? [ref.urn, event.subject] : [event.subject, ref.urn]
      await trx
        .insertInto('lineage_edge')
        .values({
          project_id: event.project,
          from_urn: from,
          to_urn: to,
          role: ref.as,
          at: event.eventTime ?? event.at,
        })
        .onConflict((c) => c.columns(['project_id', 'from_urn', 'to_urn', 'role']).doNothing())
        .execute()
    }
  }
}

async function upsertNode(
  trx: Trx,
  project: string,
  urn: string,
  values: { fact: string; at: number; tags: string },
): Promise<void> {
  const parts = parseUrn(urn)
  if (!parts) return
  const search = `${parts.id} ${parts.version ?? ''} ${values.tags}`.toLowerCase().slice(0, 2000)
  await trx
    .insertInto('lineage_node')
    .values({
      project_id: project,
      urn,
      kind: parts.kind,
      name: parts.id,
      version: parts.version ?? null,
      fact: values.fact,
      search,
      at: values.at,
    })
    // An event that says no name and no tags leaves the ones that are known.
    .onConflict((c) =>
      c
        .columns(['project_id', 'urn'])
        .doUpdateSet({ fact: values.fact, at: values.at, ...(values.tags === '' ? {} : { search }) }),
    )
    .execute()
}

/** A node that was only referred to so far: known by name, without a fact. */
async function touchNode(trx: Trx, project: string, urn: string): Promise<void> {
  const parts = parseUrn(urn)
  if (!parts || parts.project !== project) return
  await trx
    .insertInto('lineage_node')
    .values({
      project_id: project,
      urn,
      kind: parts.kind,
      name: parts.id,
      version: parts.version ?? null,
      fact: '',
      search: parts.id.toLowerCase(),
      at: null,
    })
    .onConflict((c) => c.columns(['project_id', 'urn']).doNothing())
    .execute()
}

/** The second line of a node: what the event says about itself, else the event's name in words. */
function factOf(event: SealedEvent): string {
  const fact = event.data['fact']
  if (typeof fact === 'string') return fact
  return event.name.replace('.', ' ').replaceAll('-', ' ')
}

function searchTerms(event: SealedEvent): string {
  const { title, name, tags } = event.data
  return [title, name, ...(Array.isArray(tags) ? tags : [])].filter((term) => typeof term === 'string').join(' ')
}

import type { LineageNode, LineageEdge } from '@trivium/contract'
import { parseUrn } from '../../../kernel/ids/index.ts'

/** Who did it. */
export interface ProvAgent {
  readonly id: string
  readonly name: string
  readonly kind: 'person' | 'service' | 'system'
  /** Id of whoever made the service account, and so answers for it. */
  readonly onBehalfOf?: string
}

/** What an entity or activity is made of, beside the graph. */
export interface ProvFacts {
  /** Who made it, or began it. */
  readonly by?: string
  /** What people call it, where that is not its id. */
  readonly name?: string
  readonly at?: number
  readonly endedAt?: number
  readonly digest?: string
}

export interface ProvInput {
  readonly project: string
  readonly nodes: readonly LineageNode[]
  readonly edges: readonly LineageEdge[]
  readonly facts: ReadonlyMap<string, ProvFacts>
  readonly agents: readonly ProvAgent[]
}

type Attributes = Record<string, unknown>
type Records = Record<string, Attributes>

/** A document of PROV-JSON (W3C member submission of 2013-04-24). */
export interface ProvDocument {
  readonly prefix: Record<string, string>
  readonly entity: Records
  readonly activity: Records
  readonly agent: Records
  readonly [relation: string]: Records | Record<string, string>
}

/** Kinds that happen; everything else is something. */
const activities = new Set(['run', 'pipeline-run', 'evaluation', 'inbox'])
/** The program itself, which carries out pipeline runs for whoever started them. */
const program = 'instance/trivium'

/** The lineage of a version in the words of PROV: what was made from what, by which activity, and who did it. */
export function provDocument({ project, nodes, edges, facts, agents }: ProvInput): ProvDocument {
  const relations: Record<string, Records> = {}
  const relate = (kind: string, attributes: Attributes): void => {
    const records = (relations[kind] ??= {})
    records[`_:${kind}${Object.keys(records).length + 1}`] = attributes
  }
  const entity: Records = {}
  const activity: Records = {}
  const agent: Records = {}
  for (const one of agents) {
    agent[agentName(one.id)] = {
      'prov:type': typed(one.kind === 'person' ? 'prov:Person' : 'prov:SoftwareAgent'),
      'prov:label': one.name,
    }
    if (one.onBehalfOf !== undefined && agents.some(({ id }) => id === one.onBehalfOf))
      relate('actedOnBehalfOf', { 'prov:delegate': agentName(one.id), 'prov:responsible': agentName(one.onBehalfOf) })
  }
  const known = new Set(agents.map(({ id }) => id))
  for (const node of nodes) {
    const found = facts.get(node.urn)
    const name = nameOf(node.urn)
    const attributes = {
      'prov:label': node.version === null ? (found?.name ?? node.name) : `${node.name}@${node.version}`,
      'prov:type': typed(`trivium:${node.kind}`),
      'trivium:urn': node.urn,
      ...(node.fact === '' ? {} : { 'trivium:fact': node.fact }),
      ...(found?.digest === undefined ? {} : { 'trivium:sha256': found.digest }),
    }
    const by = found?.by !== undefined && known.has(found.by) ? agentName(found.by) : undefined
    if (activities.has(node.kind)) {
      activity[name] = {
        ...attributes,
        ...timeIn('prov:startTime', found?.at),
        ...timeIn('prov:endTime', found?.endedAt),
      }
      if (by !== undefined) relate('wasAssociatedWith', { 'prov:activity': name, 'prov:agent': by })
      if (node.kind === 'pipeline-run') {
        agent[local(program)] = { 'prov:type': typed('prov:SoftwareAgent'), 'prov:label': 'Trivium' }
        relate('wasAssociatedWith', { 'prov:activity': name, 'prov:agent': local(program) })
        if (by !== undefined)
          relate('actedOnBehalfOf', {
            'prov:delegate': local(program),
            'prov:responsible': by,
            'prov:activity': name,
          })
      }
    } else {
      entity[name] = attributes
      if (by !== undefined) relate('wasAttributedTo', { 'prov:entity': name, 'prov:agent': by })
    }
  }
  for (const edge of edges) {
    const [from, to] = [nameOf(edge.from), nameOf(edge.to)]
    const role = { 'prov:role': edge.as }
    if (Object.hasOwn(activity, to) && Object.hasOwn(entity, from))
      relate('used', { 'prov:activity': to, 'prov:entity': from, ...role })
    else if (Object.hasOwn(entity, to) && Object.hasOwn(activity, from)) {
      const at = facts.get(edge.to)?.at
      relate('wasGeneratedBy', {
        'prov:entity': to,
        'prov:activity': from,
        ...role,
        ...timeIn('prov:time', at),
      })
    } else if (Object.hasOwn(entity, to) && Object.hasOwn(entity, from))
      relate('wasDerivedFrom', { 'prov:generatedEntity': to, 'prov:usedEntity': from, 'trivium:as': edge.as })
    else if (Object.hasOwn(activity, to) && Object.hasOwn(activity, from))
      relate('wasInformedBy', { 'prov:informed': to, 'prov:informant': from, 'trivium:as': edge.as })
  }
  return {
    prefix: { here: `trivium://${encodeURI(project)}/`, trivium: 'urn:trivium:' },
    entity,
    activity,
    agent,
    ...relations,
  }
}

const local = (name: string): string => `here:${encodeURI(name)}`
const agentName = (id: string): string => local(`principal/${id}`)
const typed = (name: string) => ({ $: name, type: 'prov:QUALIFIED_NAME' })
/** A client may say any number of milliseconds; one beyond the calendar has no name there and is left out. */
const timeIn = (key: string, at: number | undefined): Record<string, string> => {
  const date = new Date(at ?? Number.NaN)
  return Number.isNaN(date.getTime()) ? {} : { [key]: date.toISOString() }
}

/** A URN below the project, as a qualified name. */
function nameOf(urn: string): string {
  const parts = parseUrn(urn)
  return local(parts ? urn.slice(urn.indexOf('/', 'trivium://'.length) + 1) : urn)
}

import type { Kernel } from '../../../kernel/kernel.ts'
import { orGone } from '../../../kernel/errors/index.ts'
import { digestOf, parseUrn } from '../../../kernel/ids/index.ts'
import type { Scope } from '../../../kernel/principal/index.ts'
import type { Datasets } from '../../datasets/index.ts'
import type { Lineage } from '../../lineage/index.ts'
import type { Pipelines } from '../../pipelines/index.ts'
import type { Tracking } from '../../tracking/index.ts'
import { requireVersion, versionUrn } from '../read-models.ts'
import { type ProvAgent, type ProvDocument, provDocument, type ProvFacts } from './prov-json.ts'

const backAtMost = 12
const nodesAtMost = 500

/** What is asked about the things that a version was made from. */
export interface OriginDeps {
  readonly lineage: Pick<Lineage, 'walk'>
  readonly tracking: Pick<Tracking, 'requireRun' | 'runDetail'>
  readonly pipelines: Pick<Pipelines, 'run' | 'get'>
  readonly datasets: Pick<Datasets, 'version' | 'get'>
}

/** The lineage of a version, back to where it ends, in PROV-JSON. */
export async function readProvenance(
  { db, ...deps }: Pick<Kernel, 'db'> & OriginDeps,
  scope: Scope,
  model: string,
  version: number,
): Promise<ProvDocument> {
  const { project } = scope
  const row = await requireVersion(db.read, project, model, version)
  const urn = versionUrn(project, model, version)
  const graph = await deps.lineage.walk(scope, { urn, back: backAtMost, forward: 0, limit: nodesAtMost })
  const facts = new Map<string, ProvFacts>()
  // The first event about a thing says who made it and when; those of the kinds in this graph never leave the table.
  const subjects = graph.nodes.map((node) => node.urn)
  const first = await db.read
    .selectFrom('event')
    .select(['subject', 'by', 'at'])
    .where('project_id', '=', project)
    .where('subject', 'in', subjects)
    .orderBy('at')
    .orderBy('id')
    .execute()
  for (const { subject, by, at } of first) if (!facts.has(subject)) facts.set(subject, { by, at })
  for (const node of graph.nodes) {
    const before = facts.get(node.urn) ?? {}
    const found = await factsOf(deps, scope, node.urn)
    facts.set(node.urn, { ...before, ...found })
  }
  facts.set(urn, { by: row.created_by, at: row.created_at, digest: row.artifact_digest })
  const agents = await agentsOf(
    db,
    [...facts.values()].flatMap(({ by }) => by ?? []),
  )
  return provDocument({ project, nodes: graph.nodes, edges: graph.edges, facts, agents })
}

/** What the thing's owner knows of it; nothing where it was deleted since. */
async function factsOf(deps: OriginDeps, scope: Scope, urn: string): Promise<ProvFacts> {
  const { kind, id, version } = parseUrn(urn) ?? { kind: '', id: '' }
  if (kind === 'run') {
    const run = await orGone(() => deps.tracking.requireRun(scope, id))
    return run
      ? {
          by: run.created_by,
          name: run.name,
          at: run.start_time ?? run.created_at,
          ...(run.end_time === null ? {} : { endedAt: run.end_time }),
        }
      : {}
  }
  if (kind === 'pipeline-run') {
    const run = await orGone(() => deps.pipelines.run(scope, id))
    return run
      ? { by: run.startedBy, at: run.createdAt, ...(run.finishedAt === null ? {} : { endedAt: run.finishedAt }) }
      : {}
  }
  if (kind === 'dataset' && version !== undefined) {
    const found = await orGone(() => deps.datasets.version(scope, id, Number(version)))
    return found ? { by: found.version.createdBy, at: found.version.createdAt, digest: found.version.digest } : {}
  }
  // These are named by their content.
  return (kind === 'environment' || kind === 'code') && /^[0-9a-f]{64}$/.test(id) ? { digest: id } : {}
}

/** People and service accounts by id, and who answers for the latter. */
async function agentsOf(db: Kernel['db'], ids: readonly string[]): Promise<ProvAgent[]> {
  const asked = [...new Set(ids)]
  const read = async (some: readonly string[]) =>
    some.length === 0
      ? []
      : db.read
          .selectFrom('principal')
          .select(['id', 'name', 'kind', 'created_by'])
          .where('id', 'in', [...some])
          .execute()
  const own = await read(asked)
  const owners = own.filter((one) => one.kind === 'service').map((one) => one.created_by)
  const others = await read([...new Set(owners)].filter((id) => !asked.includes(id)))
  const known = [...own, ...others]
  return [
    ...known.map(
      (one): ProvAgent => ({
        id: one.id,
        name: one.name,
        kind: one.kind,
        ...(one.kind === 'service' ? { onBehalfOf: one.created_by } : {}),
      }),
    ),
    // What the server does by itself has a name and no account.
    ...asked
      .filter((id) => !known.some((one) => one.id === id))
      .map((id): ProvAgent => ({ id, name: id, kind: 'system' })),
  ]
}

/** A stable name for a document about one version: a UUID made of what it is about. */
export function documentId(...about: readonly unknown[]): string {
  const hex = digestOf(about)
  const variant = ((Number.parseInt(hex.slice(16, 18), 16) & 0x3f) | 0x80).toString(16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(18, 20)}-${hex.slice(20, 32)}`
}

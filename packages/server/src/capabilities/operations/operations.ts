import type { Alert, AlertDetail, AlertEvidence, AlertUsefulness } from '@trivium/contract'
import type { Reader } from '../../kernel/db/index.ts'
import { parseUrn, urn } from '../../kernel/ids/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { type Mask, maskEvidence, maskOf, maskWords } from '../access/index.ts'
import type { Inbox } from '../inbox/index.ts'
import type { Lineage } from '../lineage/index.ts'
import { acknowledgeAlert, type AlertDeps, rateAlert, requireAlert, resolveAlert } from './change-alerts.ts'
import { operationErrors } from './errors.ts'
import { followedEvents, followEvents } from './follow-events.ts'
import type { AlertTable } from './tables.ts'

export interface AlertQuery {
  state: 'open' | 'resolved' | 'all'
  monitor?: string
  deployment?: string
  limit: number
  before?: string
}

export interface Operations {
  list(scope: Scope, query: AlertQuery): Promise<{ alerts: Alert[]; nextPageToken: string | null; open: number }>
  get(scope: Scope, id: string): Promise<AlertDetail>
  acknowledge(scope: Scope, id: string, note: string): Promise<AlertDetail>
  resolve(scope: Scope, id: string, reason: string): Promise<AlertDetail>
  rate(scope: Scope, id: string, answer: AlertUsefulness): Promise<AlertDetail>
}

const mostBefore = 20
const followedKinds = new Set(['pipeline-run', 'run', 'model', 'release', 'dataset'])

export function createOperations(
  kernel: Pick<Kernel, 'db' | 'clock' | 'events' | 'consumers' | 'watermark'>,
  { inbox, lineage }: { inbox: Inbox; lineage: Lineage },
): Operations {
  const { db, clock, events, consumers, watermark } = kernel
  const deps: AlertDeps = { clock, events, inbox }
  consumers.add({ name: 'operations', events: followedEvents, handle: (trx, batch) => followEvents(deps, trx, batch) })

  const find = async ({ project }: Scope, id: string): Promise<AlertTable> => {
    const row = await db.read
      .selectFrom('alert')
      .selectAll()
      .where('project_id', '=', project)
      .where('id', '=', id)
      .executeTakeFirst()
    if (!row) throw operationErrors.ALERT_NOT_FOUND(id)
    return row
  }

  const get: Operations['get'] = async (scope, id) => {
    const row = await find(scope, id)
    const moments = await db.read
      .selectFrom('alert_moment')
      .selectAll()
      .where('project_id', '=', scope.project)
      .where('alert', '=', id)
      .orderBy('id')
      .execute()
    const before = await db.read
      .selectFrom('alert')
      .selectAll()
      .where('project_id', '=', scope.project)
      .where('monitor', '=', row.monitor)
      .where('kind', '=', row.kind)
      .where('about', '=', row.about)
      .where('id', '<', id)
      .orderBy('id', 'desc')
      .limit(mostBefore)
      .execute()
    const mask = await maskOf(db.read, scope)
    const names = await namesOf(
      db.read,
      [row, ...before],
      moments.map(({ by }) => by),
    )
    return {
      ...present(row, names, mask),
      history: moments.map(({ at, event_time, what, detail, by, urn: about }) => ({
        at,
        eventTime: event_time,
        what,
        detail: maskWords(mask, detail),
        by,
        byName: nameIn(names, by),
        urn: about,
      })),
      followed: await followedBy(scope, row),
      before: before.map((one) => present(one, names, mask)),
    }
  }

  /** What followed: runs that the alert, or the windows that it was seen in, started, and what these made. */
  async function followedBy(scope: Scope, row: AlertTable): Promise<AlertDetail['followed']> {
    const { windows } = JSON.parse(row.evidence) as AlertEvidence
    const starts = [urn(row.project_id, 'alert', row.id), ...windows.map((window) => window.urn)]
    const found = new Map<string, AlertDetail['followed'][number]>()
    for (const start of starts) {
      const known = await db.read
        .selectFrom('lineage_node')
        .select('urn')
        .where('project_id', '=', scope.project)
        .where('urn', '=', start)
        .executeTakeFirst()
      if (!known) continue
      const causes = new Set(starts)
      const { nodes, edges } = await lineage.walk(scope, { urn: start, back: 0, forward: 3, limit: 100 })
      const runs = new Set(
        edges.filter(({ from, to }) => causes.has(from) && parseUrn(to)?.kind === 'pipeline-run').map(({ to }) => to),
      )
      const made = new Map(edges.filter(({ from }) => runs.has(from)).map(({ to, as }) => [to, as]))
      for (const { urn: node, kind, name, version, fact, at } of nodes) {
        const as = runs.has(node) ? 'started' : made.get(node)
        if (as !== undefined && followedKinds.has(kind))
          found.set(node, { urn: node, kind, name, ...(version === null ? {} : { version }), fact, at, as })
      }
    }
    return [...found.values()].toSorted((a, b) => (a.at ?? Number.MAX_SAFE_INTEGER) - (b.at ?? Number.MAX_SAFE_INTEGER))
  }

  return {
    list: async (scope, { state, monitor, deployment, limit, before }) => {
      let query = db.read
        .selectFrom('alert')
        .selectAll()
        .where('project_id', '=', scope.project)
        .orderBy('id', 'desc')
        .limit(limit + 1)
      if (state !== 'all') query = query.where('state', state === 'open' ? '!=' : '=', 'resolved')
      if (monitor !== undefined) query = query.where('monitor', '=', monitor)
      if (deployment !== undefined) query = query.where('deployment', '=', deployment)
      if (before !== undefined) query = query.where('id', '<', before)
      const rows = await query.execute()
      const page = rows.slice(0, limit)
      const { open } = await db.read
        .selectFrom('alert')
        .select((e) => e.fn.countAll<number>().as('open'))
        .where('project_id', '=', scope.project)
        .where('state', '!=', 'resolved')
        .executeTakeFirstOrThrow()
      const [names, mask] = await Promise.all([namesOf(db.read, page, []), maskOf(db.read, scope)])
      return {
        alerts: page.map((row) => present(row, names, mask)),
        nextPageToken: rows.length > limit ? (page.at(-1)?.id ?? null) : null,
        open: Number(open),
      }
    },
    get,
    acknowledge: async (scope, id, note) => {
      await db.write
        .transaction()
        .execute((trx) =>
          acknowledgeAlert(deps, trx, scope.project, id, { by: scope.principal.id, note, decided: false }),
        )
      return get(scope, id)
    },
    resolve: async (scope, id, reason) => {
      const { at } = await watermark.read(db.read, scope.project)
      await db.write.transaction().execute(async (trx) => {
        const row = await requireAlert(trx, scope.project, id)
        if (row.state === 'resolved') throw operationErrors.RESOLVED(row.resolved_reason ?? '')
        await resolveAlert(deps, trx, row, { by: scope.principal.id, reason, eventTime: at })
      })
      return get(scope, id)
    },
    rate: async (scope, id, answer) => {
      await db.write
        .transaction()
        .execute((trx) => rateAlert(deps, trx, scope.project, id, { by: scope.principal.id, answer }))
      return get(scope, id)
    },
  }
}

async function namesOf(
  db: Reader,
  rows: readonly AlertTable[],
  others: readonly string[],
): Promise<Map<string, string>> {
  const ids = [
    ...new Set([...rows.flatMap(({ acknowledged_by, resolved_by }) => [acknowledged_by, resolved_by]), ...others]),
  ].filter((id) => id !== null)
  if (ids.length === 0) return new Map()
  const found = await db.selectFrom('principal').select(['id', 'name']).where('id', 'in', ids).execute()
  return new Map(found.map(({ id, name }) => [id, name]))
}

const nameIn = (names: ReadonlyMap<string, string>, id: string): string =>
  names.get(id) ?? (id.startsWith('system:') ? 'Trivium' : id)

function present(row: AlertTable, names: ReadonlyMap<string, string>, mask: Mask): Alert {
  return {
    id: row.id,
    urn: urn(row.project_id, 'alert', row.id),
    kind: row.kind,
    state: row.state,
    title: maskWords(mask, row.title),
    monitor: row.monitor,
    monitorUrn: urn(row.project_id, 'monitor', row.monitor),
    deployment: row.deployment,
    release: row.release,
    model: row.model,
    version: row.model_version,
    feature: row.kind === 'drift' ? row.about : null,
    metric: row.kind === 'performance' ? row.about : null,
    evidence: maskEvidence(mask, JSON.parse(row.evidence) as AlertEvidence),
    eventTime: row.event_time,
    openedAt: row.opened_at,
    acknowledgedAt: row.acknowledged_at,
    acknowledgedBy: row.acknowledged_by,
    acknowledgedByName: row.acknowledged_by === null ? null : nameIn(names, row.acknowledged_by),
    note: row.note === null ? null : maskWords(mask, row.note),
    resolvedAt: row.resolved_at,
    resolvedEventTime: row.resolved_event_time,
    resolvedReason: row.resolved_reason === null ? null : maskWords(mask, row.resolved_reason),
    resolvedBy: row.resolved_by,
    useful: row.useful,
  }
}

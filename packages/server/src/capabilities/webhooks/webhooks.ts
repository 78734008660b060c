import type { Webhook, WebhookDelivery } from '@trivium/contract'
import { isUniqueViolation, type Trx } from '../../kernel/db/index.ts'
import { newId, urn } from '../../kernel/ids/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { cloudEvent } from './cloud-event.ts'
import { attempt, deliver, deliveryKind, queueDelivery, secretPlace } from './deliver.ts'
import { webhookErrors } from './errors.ts'
import { followEvents, type MlflowMessage } from './follow-events.ts'
import { type MlflowReceivers, type MlflowEvent, mlflowReceivers, trialBody } from './mlflow-receivers.ts'
import { newSecret } from './sign.ts'
import type { WebhookDeliveryTable, WebhookTable } from './tables.ts'

/** Who is told of events: posts CloudEvents, signed, at least once, each with an id that stays the same. */
export interface Webhooks {
  list(scope: Scope): Promise<Webhook[]>
  create(
    scope: Scope,
    input: { name: string; url: string; events: readonly string[] },
  ): Promise<{ webhook: Webhook; secret: string }>
  update(
    scope: Scope,
    name: string,
    change: { url?: string; events?: readonly string[]; active?: boolean },
  ): Promise<Webhook>
  remove(scope: Scope, name: string): Promise<void>
  /** Sends one event at once and waits for the answer. */
  tryOut(scope: Scope, name: string, event?: MlflowEvent): Promise<WebhookDelivery>
  deliveries(
    scope: Scope,
    name: string,
    query: { state?: WebhookDelivery['state']; limit: number; before?: string },
  ): Promise<{ deliveries: WebhookDelivery[]; nextPageToken: string | null }>
  /** Queues again what was given up; returns how many. */
  replay(scope: Scope, name: string, ids?: readonly string[]): Promise<number>
  /** Where webhooks of all projects post to, for administrators of the instance: one of each origin, with how many. */
  receivers(): Promise<{ origin: string; webhooks: number; projects: number }[]>
  /** Asks a receiver for anything at all; throws where nothing answers. Says what did. */
  reach(origin: string): Promise<string>
  /** Webhooks that were made through MLflow's API, which are told as MLflow tells. */
  readonly mlflow: MlflowReceivers
}

type Deps = Pick<
  Kernel,
  'db' | 'clock' | 'events' | 'consumers' | 'jobs' | 'egress' | 'vault' | 'config' | 'sealedRows'
>

const mostWebhooks = 50
/** Deliveries that run at once, over all webhooks of this process. */
const concurrency = 8

export function createWebhooks(kernel: Deps, mlflowMessage: MlflowMessage): Webhooks {
  const { db, clock, events, consumers, jobs, egress, vault } = kernel
  consumers.add({
    name: 'webhooks',
    events: 'all',
    handle: (trx, batch) => followEvents(kernel, trx, batch, mlflowMessage),
  })
  kernel.sealedRows.add({
    table: 'webhook',
    column: 'secret',
    key: ['project_id', 'name'],
    about: (row) => secretPlace(String(row['project_id']), String(row['name'])),
  })
  jobs.handle({ kind: deliveryKind, concurrency, background: true, handle: (job) => deliver(kernel, job) })

  const find = async ({ project }: Scope, name: string): Promise<WebhookTable> => {
    const row = await db.read
      .selectFrom('webhook')
      .selectAll()
      .where('project_id', '=', project)
      .where('name', '=', name)
      .executeTakeFirst()
    if (!row) throw webhookErrors.NOT_FOUND(name)
    return row
  }

  const say = (trx: Trx, scope: Scope, what: string, row: Pick<WebhookTable, 'name'>, data: Record<string, unknown>) =>
    events.append(trx, {
      project: scope.project,
      name: `webhook.${what}`,
      schema: 1,
      by: scope.principal.id,
      subject: urn(scope.project, 'webhook', row.name),
      refs: [],
      data,
    })

  async function present(rows: readonly WebhookTable[]): Promise<Webhook[]> {
    if (rows.length === 0) return []
    const project = rows[0]?.project_id ?? ''
    const [names, counts] = await Promise.all([
      db.read
        .selectFrom('principal')
        .select(['id', 'name'])
        .where('id', 'in', [...new Set(rows.map((row) => row.created_by))])
        .execute(),
      db.read
        .selectFrom('webhook_delivery')
        .select([
          'webhook',
          'state',
          (e) => e.fn.countAll<number>().as('count'),
          (e) => e.fn.max('ended_at').as('last'),
        ])
        .where('project_id', '=', project)
        .groupBy(['webhook', 'state'])
        .execute(),
    ])
    const nameOf = new Map(names.map(({ id, name }) => [id, name]))
    return rows.map((row) => {
      const of = (state: WebhookDelivery['state']) =>
        counts.find((one) => one.webhook === row.name && one.state === state)
      const delivered = of('delivered')?.last
      return {
        name: row.name,
        url: row.url,
        events: JSON.parse(row.events) as string[],
        active: row.active === 1,
        createdAt: row.created_at,
        createdByName: nameOf.get(row.created_by) ?? row.created_by,
        waiting: Number(of('waiting')?.count ?? 0),
        dead: Number(of('dead')?.count ?? 0),
        deliveredAt: delivered === undefined || delivered === null ? null : Number(delivered),
      }
    })
  }
  const presentOne = async (row: WebhookTable): Promise<Webhook> => (await present([row]))[0] as Webhook

  const insert = async (scope: Scope, row: WebhookTable): Promise<void> => {
    try {
      await db.write.transaction().execute(async (trx) => {
        const { count } = await trx
          .selectFrom('webhook')
          .select((e) => e.fn.countAll<number>().as('count'))
          .where('project_id', '=', scope.project)
          .executeTakeFirstOrThrow()
        if (Number(count) >= mostWebhooks) throw webhookErrors.TOO_MANY(mostWebhooks)
        await trx.insertInto('webhook').values(row).execute()
        // Where it posts may hold a secret and stays out of the events.
        await say(trx, scope, 'created', row, { events: JSON.parse(row.events) })
      })
    } catch (error) {
      throw isUniqueViolation(error) ? webhookErrors.NAME_TAKEN(row.name) : error
    }
  }

  return {
    list: async ({ project }) =>
      present(
        await db.read.selectFrom('webhook').selectAll().where('project_id', '=', project).orderBy('name').execute(),
      ),

    create: async (scope, { name, url, events: patterns }) => {
      await egress.check('webhooks', url)
      const secret = newSecret()
      const row: WebhookTable = {
        project_id: scope.project,
        name,
        url,
        events: JSON.stringify(patterns),
        secret: await vault.seal(secret, secretPlace(scope.project, name)),
        active: 1,
        created_at: clock(),
        created_by: scope.principal.id,
        mlflow: null,
      }
      await insert(scope, row)
      return { webhook: await presentOne(row), secret }
    },

    update: async (scope, name, change) => {
      const row = await find(scope, name)
      if (change.url !== undefined) await egress.check('webhooks', change.url)
      const next: WebhookTable = {
        ...row,
        url: change.url ?? row.url,
        events: change.events === undefined ? row.events : JSON.stringify(change.events),
        active: change.active === undefined ? row.active : Number(change.active),
      }
      await db.write.transaction().execute(async (trx) => {
        await trx
          .updateTable('webhook')
          .set({ url: next.url, events: next.events, active: next.active })
          .where('project_id', '=', scope.project)
          .where('name', '=', name)
          .execute()
        await say(trx, scope, 'changed', row, { changed: Object.keys(change) })
      })
      return presentOne(next)
    },

    remove: async (scope, name) => {
      const row = await find(scope, name)
      await db.write.transaction().execute(async (trx) => {
        const { project } = scope
        await trx.deleteFrom('webhook_delivery').where('project_id', '=', project).where('webhook', '=', name).execute()
        await trx.deleteFrom('webhook').where('project_id', '=', project).where('name', '=', name).execute()
        await say(trx, scope, 'removed', row, {})
      })
    },

    tryOut: async (scope, name, event) => {
      const hook = await find(scope, name)
      const now = clock()
      const subject = urn(scope.project, 'webhook', name)
      const id = newId('whd')
      const body =
        hook.mlflow === null
          ? cloudEvent(
              {
                id,
                seq: null,
                project: scope.project,
                name: 'webhook.tried',
                schema: 1,
                at: now,
                eventTime: null,
                by: scope.principal.id,
                subject,
                refs: [],
                data: {},
              },
              kernel.config,
            )
          : trialBody(hook.mlflow, now, event)
      const found = await attempt(kernel, hook, { id, body })
      const row: WebhookDeliveryTable = {
        id,
        project_id: scope.project,
        webhook: name,
        event: 'webhook.tried',
        seq: null,
        subject,
        body,
        state: found.ok ? 'delivered' : 'dead',
        attempts: 1,
        status: found.status,
        error: found.error,
        created_at: now,
        ended_at: clock(),
        next_at: null,
      }
      await db.write.transaction().execute((trx) => trx.insertInto('webhook_delivery').values(row).execute())
      return presentDelivery(row)
    },

    deliveries: async (scope, name, { state, limit, before }) => {
      await find(scope, name)
      if (before !== undefined && !/^whd_[0-9a-z]{20,40}$/.test(before)) throw webhookErrors.BAD_PAGE_TOKEN()
      let select = db.read
        .selectFrom('webhook_delivery')
        .selectAll()
        .where('project_id', '=', scope.project)
        .where('webhook', '=', name)
        .orderBy('id', 'desc')
        .limit(limit + 1)
      if (state !== undefined) select = select.where('state', '=', state)
      if (before !== undefined) select = select.where('id', '<', before)
      const rows = await select.execute()
      const page = rows.slice(0, limit)
      return {
        deliveries: page.map(presentDelivery),
        nextPageToken: rows.length > limit ? (page.at(-1)?.id ?? null) : null,
      }
    },

    replay: async (scope, name, ids) => {
      await find(scope, name)
      return db.write.transaction().execute(async (trx) => {
        let select = trx
          .selectFrom('webhook_delivery')
          .select('id')
          .where('project_id', '=', scope.project)
          .where('webhook', '=', name)
          .where('state', '=', 'dead')
          .orderBy('id')
          .limit(10_000)
        if (ids !== undefined) select = select.where('id', 'in', ids.length === 0 ? [''] : [...ids])
        const dead = (await select.execute()).map(({ id }) => id)
        const now = clock()
        for (const id of dead) {
          await trx
            .updateTable('webhook_delivery')
            .set({ state: 'waiting', attempts: 0, ended_at: null, next_at: now })
            .where('id', '=', id)
            .execute()
          await queueDelivery(jobs, trx, scope.project, id, now)
        }
        if (dead.length > 0) await say(trx, scope, 'replayed', { name }, { deliveries: dead.length })
        return dead.length
      })
    },

    receivers: async () => {
      const rows = await db.read.selectFrom('webhook').select(['project_id', 'url']).execute()
      const byOrigin = Map.groupBy(rows, ({ url }) => new URL(url).origin)
      return [...byOrigin]
        .map(([origin, all]) => ({
          origin,
          webhooks: all.length,
          projects: new Set(all.map((one) => one.project_id)).size,
        }))
        .toSorted((a, b) => (a.origin < b.origin ? -1 : 1))
    },

    reach: async (origin) => {
      const { status } = await egress.call({
        connection: 'webhooks',
        url: `${origin}/`,
        method: 'GET',
        anyAnswer: true,
        timeoutMs: 10_000,
        maxBytes: 64_000,
      })
      return `it answers (${status} to GET /); whether it takes events, "Try" at the webhook says`
    },

    mlflow: mlflowReceivers({ ...kernel, insert, say }),
  }
}

const presentDelivery = (row: WebhookDeliveryTable): WebhookDelivery => ({
  id: row.id,
  webhook: row.webhook,
  event: row.event,
  seq: row.seq,
  subject: row.subject,
  state: row.state,
  attempts: row.attempts,
  status: row.status,
  error: row.error,
  createdAt: row.created_at,
  endedAt: row.ended_at,
  nextAt: row.next_at,
})

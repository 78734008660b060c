import type { Trx } from '../../kernel/db/index.ts'
import { egressErrors } from '../../kernel/egress/index.ts'
import type { ClaimedJob } from '../../kernel/jobs/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { mlflowHeaders, signedHeaders } from './sign.ts'
import type { WebhookDeliveryTable, WebhookTable } from './tables.ts'

export type DeliverDeps = Pick<Kernel, 'db' | 'clock' | 'egress' | 'vault' | 'jobs'>

export const deliveryKind = 'webhook-delivery'
/** After these many attempts, spread over about a day and a half, a delivery is given up. */
export const mostAttempts = 20
const firstWaitMs = 2000
const longestWaitMs = 6 * 3_600_000
const timeoutMs = 15_000
/** Delivered ones are shown for so long; those that were given up stay until they are replayed. */
const keptMs = 30 * 86_400_000

/**
 * Milliseconds until the next attempt: doubling, with half of it random so that receivers that come back are not met by all at once
 * ("equal jitter", M. Brooker, Exponential Backoff and Jitter, 2015).
 */
export function waitBefore(attempt: number, random = Math.random()): number {
  const full = Math.min(longestWaitMs, firstWaitMs * 2 ** (attempt - 1))
  return Math.round(full / 2 + (full / 2) * random)
}

export const queueDelivery = (jobs: Kernel['jobs'], trx: Trx, project: string, id: string, notBefore: number) =>
  jobs.enqueue(trx, { project, kind: deliveryKind, key: id, input: { delivery: id }, notBefore })

/** One attempt: what the receiver answered, or why it could not be asked. */
export async function attempt(
  { clock, egress, vault }: Pick<DeliverDeps, 'clock' | 'egress' | 'vault'>,
  hook: WebhookTable,
  { id, body }: Pick<WebhookDeliveryTable, 'id' | 'body'>,
  signal?: AbortSignal,
): Promise<{ ok: boolean; status: number | null; error: string | null }> {
  try {
    const secret = await vault.open(hook.secret, secretPlace(hook.project_id, hook.name))
    const answer = await egress.call({
      connection: 'webhooks',
      url: hook.url,
      method: 'POST',
      headers: {
        'content-type': `application/${hook.mlflow === null ? 'cloudevents+json' : 'json'}; charset=utf-8`,
        'user-agent': 'trivium-webhooks',
        ...(hook.mlflow === null ? signedHeaders : mlflowHeaders)(secret, id, clock(), body),
      },
      body,
      timeoutMs,
      maxBytes: 64_000,
      ...(signal ? { signal } : {}),
    })
    if (answer.status >= 200 && answer.status < 300) return { ok: true, status: answer.status, error: null }
    const said = answer.body.toString('utf8').trim().slice(0, 300)
    return { ok: false, status: answer.status, error: `answered ${answer.status}${said === '' ? '' : `: ${said}`}` }
  } catch (error) {
    return { ok: false, status: null, error: (error as Error).message }
  }
}

/** Where a secret belongs, for the vault. */
export const secretPlace = (project: string, name: string): string => `webhook/${project}/${name}`

/** Handles one queued delivery: delivers, queues the next attempt, or gives up. */
export async function deliver(deps: DeliverDeps, job: ClaimedJob<{ delivery: string }>): Promise<void> {
  const { db, clock, jobs } = deps
  const row = await db.read
    .selectFrom('webhook_delivery')
    .selectAll()
    .where('id', '=', job.input.delivery)
    .executeTakeFirst()
  // Removed with its webhook, or replayed by hand meanwhile.
  if (row?.state !== 'waiting') return
  const hook = await db.read
    .selectFrom('webhook')
    .selectAll()
    .where('project_id', '=', row.project_id)
    .where('name', '=', row.webhook)
    .executeTakeFirst()
  if (!hook) return
  const found = await attempt(deps, hook, row, job.signal)
  // A server that stops has not failed to deliver; the next one tries again, with the same id.
  if (job.signal.aborted) throw egressErrors.FAILED(row.webhook, 'the server stopped')
  const attempts = row.attempts + 1
  const now = clock()
  const last = !found.ok && attempts >= mostAttempts
  const next = found.ok || last ? null : now + waitBefore(attempts)
  await job.complete(async (trx) => {
    await trx
      .updateTable('webhook_delivery')
      .set({
        state: found.ok ? 'delivered' : last ? 'dead' : 'waiting',
        attempts,
        status: found.status,
        error: found.error,
        ended_at: found.ok || last ? now : null,
        next_at: next,
      })
      .where('id', '=', row.id)
      .execute()
    if (next !== null) await queueDelivery(jobs, trx, row.project_id, row.id, next)
    if (found.ok)
      await trx
        .deleteFrom('webhook_delivery')
        .where('project_id', '=', row.project_id)
        .where('webhook', '=', row.webhook)
        .where('state', '=', 'delivered')
        .where('ended_at', '<', now - keptMs)
        .execute()
  })
}

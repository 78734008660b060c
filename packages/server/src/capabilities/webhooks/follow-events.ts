import type { SealedEvent } from '@trivium/contract'
import type { Trx } from '../../kernel/db/index.ts'
import { newId } from '../../kernel/ids/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { cloudEvent, matches } from './cloud-event.ts'
import { queueDelivery } from './deliver.ts'
import { mlflowBody, type MlflowEvent, type MlflowReceiver } from './mlflow-receivers.ts'

/** What MLflow tells of an event; undefined for what it has no word for. */
export type MlflowMessage = (
  trx: Trx,
  event: SealedEvent,
) => Promise<(MlflowEvent & { readonly data: Readonly<Record<string, unknown>> }) | undefined>

/** Queues the events of a batch for the webhooks that want them. */
export async function followEvents(
  { clock, jobs, config }: Pick<Kernel, 'clock' | 'jobs' | 'config'>,
  trx: Trx,
  batch: readonly SealedEvent[],
  mlflowMessage: MlflowMessage,
): Promise<void> {
  const projects = [...new Set(batch.map(({ project }) => project))]
  const hooks = await trx
    .selectFrom('webhook')
    .select(['project_id', 'name', 'events', 'created_at', 'mlflow'])
    .where('project_id', 'in', projects)
    .where('active', '=', 1)
    .execute()
  if (hooks.length === 0) return
  const now = clock()
  const bodyFor = async (mlflow: string | null, event: SealedEvent): Promise<string | undefined> => {
    if (mlflow === null) return cloudEvent(event, config)
    const message = await mlflowMessage(trx, event)
    const { events } = JSON.parse(mlflow) as MlflowReceiver
    if (!message || !events.some(({ entity, action }) => entity === message.entity && action === message.action))
      return undefined
    return mlflowBody(message, event.at)
  }
  for (const hook of hooks) {
    const patterns = JSON.parse(hook.events) as string[]
    for (const event of batch) {
      // What happened before somebody asked to be told is not told.
      if (event.project !== hook.project_id || event.at < hook.created_at) continue
      if (!patterns.some((pattern) => matches(pattern, event.name))) continue
      // Thousands of old runs are no news: who wants each of them names the event. `import.finished` goes to all.
      if (event.name.endsWith('.imported') && !patterns.includes(event.name)) continue
      const body = await bodyFor(hook.mlflow, event)
      if (body === undefined) continue
      const id = newId('whd')
      await trx
        .insertInto('webhook_delivery')
        .values({
          id,
          project_id: event.project,
          webhook: hook.name,
          event: event.name,
          seq: event.seq,
          subject: event.subject,
          body,
          state: 'waiting',
          attempts: 0,
          status: null,
          error: null,
          created_at: now,
          ended_at: null,
          next_at: now,
        })
        .execute()
      await queueDelivery(jobs, trx, event.project, id, now)
    }
  }
}

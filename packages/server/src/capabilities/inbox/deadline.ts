import type { Trx } from '../../kernel/db/index.ts'
import { urn } from '../../kernel/ids/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'

export const dueJob = 'inbox-due'

/** At the deadline an item that is still open is marked overdue (event `inbox.overdue`), and withdrawn where it says so (event `inbox.withdrawn`), which lets the step that waits go on. */
export async function passDeadline(
  { clock, events }: Pick<Kernel, 'clock' | 'events'>,
  trx: Trx,
  project: string,
  id: string,
): Promise<void> {
  const now = clock()
  const row = await trx
    .updateTable('inbox_item')
    .set((e) => ({
      overdue_at: now,
      state: e
        .case()
        .when('when_late', '=', 'withdraw')
        .then('withdrawn' as const)
        .else('open' as const)
        .end(),
    }))
    .where('project_id', '=', project)
    .where('id', '=', id)
    .where('state', '=', 'open')
    .where('overdue_at', 'is', null)
    .returning(['subject', 'state', 'assignee', 'due_at', 'event_time'])
    .executeTakeFirst()
  if (!row) return
  const shared = {
    project,
    schema: 1,
    by: 'system:inbox',
    subject: urn(project, 'inbox', id),
    refs: [{ rel: 'about' as const, urn: row.subject, as: 'about' }],
    eventTime: row.event_time,
  }
  await events.append(trx, {
    ...shared,
    name: 'inbox.overdue',
    data: { item: id, assignee: row.assignee, dueAt: row.due_at },
  })
  if (row.state === 'withdrawn')
    await events.append(trx, { ...shared, name: 'inbox.withdrawn', data: { item: id, reason: 'overdue' } })
}

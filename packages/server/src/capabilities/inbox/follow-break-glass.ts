import { urn } from '../../kernel/ids/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { systemScope } from '../../kernel/principal/index.ts'
import type { Inbox } from './inbox.ts'

/** Tells the administrators of a project at once when somebody takes their permissions: an item for each time, with the reason. */
export function followBreakGlass({ consumers }: Pick<Kernel, 'consumers'>, inbox: Inbox): void {
  consumers.add({
    name: 'inbox-break-glass',
    events: ['break-glass.started'],
    handle: async (trx, sealed) => {
      for (const event of sealed) {
        const { project, by, subject, data } = event
        const person = await trx.selectFrom('principal').select('name').where('id', '=', by).executeTakeFirst()
        const name = person?.name ?? by
        await inbox.open(trx, systemScope(project, 'access').principal, {
          project,
          kind: 'review',
          title: `${name} took an administrator's permissions`,
          summary: `For ${String(data['minutes'])} minutes. The reason given: ${String(data['reason'])}`,
          subject,
          refs: [{ rel: 'about', urn: urn(project, 'principal', by), as: 'by' }],
          evidence: { reason: data['reason'], minutes: data['minutes'] },
          options: [
            { id: 'fine', label: 'I have seen it and it is fine', consequence: 'Nothing changes; it ends by itself.' },
            {
              id: 'look-into',
              label: 'Needs looking into',
              consequence: 'It stays on record. End it under Settings, Roles if it still runs.',
            },
          ],
          permission: 'project:admin',
          authors: [by],
          blocksEventTime: false,
        })
      }
    },
  })
}

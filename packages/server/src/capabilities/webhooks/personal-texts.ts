import type { SubjectTexts } from '../../kernel/ports/index.ts'

/** What was sent to other programs, as far as it is kept. They have it: tell them. */
export const webhooksTexts: SubjectTexts = {
  capability: 'webhooks',
  places: [
    {
      table: 'webhook_delivery',
      title: 'what webhooks were told',
      key: ['id'],
      columns: ['body', 'error'],
      fixed: {
        columns: ['subject'],
        why: 'Other things refer to it by this name, and its events hold it. Delete it, or make it anew under another name.',
      },
    },
    {
      table: 'webhook',
      title: 'webhooks',
      key: ['name'],
      columns: ['mlflow'],
      fixed: {
        columns: ['name', 'url', 'events'],
        why: 'Other things refer to it by this name, and its events hold it. Delete it, or make it anew under another name.',
      },
    },
  ],
}

import type { SubjectTexts } from '../../kernel/ports/index.ts'

/** Alerts with what people said of them. */
export const operationsTexts: SubjectTexts = {
  capability: 'operations',
  places: [
    {
      table: 'alert',
      title: 'alerts and notes on them',
      key: ['id'],
      columns: ['title', 'about', 'evidence', 'note', 'resolved_reason'],
    },
    {
      table: 'alert_moment',
      title: 'what happened to alerts',
      key: ['id'],
      columns: ['detail'],
    },
  ],
}

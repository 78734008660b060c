import type { SubjectTexts } from '../../kernel/ports/index.ts'

/** Titles and summaries of human steps, and why they were decided. */
export const inboxTexts: SubjectTexts = {
  capability: 'inbox',
  places: [
    {
      table: 'inbox_item',
      title: 'inbox',
      key: ['id'],
      columns: ['title', 'summary', 'evidence', 'options', 'decision_reason'],
    },
  ],
}

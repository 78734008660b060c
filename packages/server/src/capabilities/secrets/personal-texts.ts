import type { SubjectTexts } from '../../kernel/ports/index.ts'

/** Descriptions of secrets. */
export const secretsTexts: SubjectTexts = {
  capability: 'secrets',
  places: [
    {
      table: 'secret',
      title: 'descriptions of secrets',
      key: ['name'],
      columns: ['description'],
      fixed: {
        columns: ['name'],
        why: 'Other things refer to it by this name, and its events hold it. Delete it, or make it anew under another name.',
      },
    },
  ],
}

import type { SubjectTexts } from '../../kernel/ports/index.ts'

/** Where projects keep content: a path or the name of an account may be that of a person. */
export const storageTexts: SubjectTexts = {
  capability: 'storage',
  places: [
    {
      table: 'content_place',
      title: 'places of content',
      key: ['id'],
      columns: [],
      fixed: {
        columns: ['address', 'username'],
        why: 'Content is found there, and nowhere else. Choose a place, or an account, that names nobody.',
      },
    },
  ],
}

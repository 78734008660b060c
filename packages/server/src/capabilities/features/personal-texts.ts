import type { SubjectTexts } from '../../kernel/ports/index.ts'

/** Definitions of feature views. */
export const featuresTexts: SubjectTexts = {
  capability: 'features',
  places: [
    {
      table: 'feature_view',
      title: 'definitions of feature views',
      key: ['name', 'version'],
      columns: [],
      fixed: {
        columns: ['name', 'definition'],
        why: 'A digest covers it, and what was decided by it: nothing in it is changed. Define the view anew.',
      },
    },
  ],
}

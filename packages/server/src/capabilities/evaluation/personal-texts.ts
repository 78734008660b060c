import type { SubjectTexts } from '../../kernel/ports/index.ts'

/** Results of evaluations. */
export const evaluationTexts: SubjectTexts = {
  capability: 'evaluation',
  places: [
    {
      table: 'evaluation',
      title: 'results of evaluations',
      key: ['id'],
      columns: [],
      fixed: {
        columns: ['result'],
        why: 'A digest covers it, and what was decided by it: nothing in it is changed.',
      },
    },
  ],
}

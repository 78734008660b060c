import type { SubjectTexts } from '../../kernel/ports/index.ts'

/** Why somebody deployed or rolled back. */
export const servingTexts: SubjectTexts = {
  capability: 'serving',
  places: [
    {
      table: 'deployment_activation',
      title: 'why releases were activated',
      key: ['deployment', 'seq'],
      columns: ['reason'],
    },
    {
      table: 'deployment',
      title: 'names of deployments',
      key: ['name'],
      columns: [],
      fixed: {
        columns: ['name'],
        why: 'Other things refer to it by this name, and its events hold it. Delete it, or make it anew under another name.',
      },
    },
    {
      table: 'release',
      title: 'manifests of releases',
      key: ['id'],
      columns: [],
      fixed: {
        columns: ['manifest', 'views'],
        why: 'A digest covers it, and what was decided by it: nothing in it is changed.',
      },
    },
  ],
}

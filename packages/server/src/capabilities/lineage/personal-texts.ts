import type { SubjectTexts } from '../../kernel/ports/index.ts'

/** What the graph shows of things: a projection of events. */
export const lineageTexts: SubjectTexts = {
  capability: 'lineage',
  places: [
    {
      table: 'lineage_node',
      title: 'names and facts of the lineage graph',
      key: ['urn'],
      columns: ['name', 'fact', 'search'],
      fixed: {
        columns: ['urn'],
        why: 'Other things refer to it by this name, and its events hold it. Delete it, or make it anew under another name.',
      },
    },
  ],
}

import type { SubjectTexts } from '../../kernel/ports/index.ts'

/** What imports say of themselves. */
export const importsTexts: SubjectTexts = {
  capability: 'imports',
  places: [
    {
      table: 'import',
      title: 'reports of imports',
      key: ['id'],
      columns: ['source', 'report'],
    },
    {
      table: 'import_experiment',
      title: 'where experiments were imported from',
      key: ['source', 'source_id'],
      columns: [],
      fixed: {
        columns: ['source', 'source_id'],
        why: 'It tells what was imported already: an address of another server.',
      },
    },
    {
      table: 'import_run',
      title: 'where runs were imported from',
      key: ['source', 'run_id'],
      columns: [],
      fixed: {
        columns: ['source'],
        why: 'It tells what was imported already: an address of another server.',
      },
    },
  ],
}

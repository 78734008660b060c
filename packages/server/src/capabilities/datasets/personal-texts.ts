import type { SubjectTexts } from '../../kernel/ports/index.ts'

/** What people and checks say of datasets. Their rows are found by the declared columns. */
export const datasetsTexts: SubjectTexts = {
  capability: 'datasets',
  places: [
    {
      table: 'dataset',
      title: 'descriptions of datasets',
      key: ['name'],
      columns: ['description', 'rejected_reason', 'declaration', 'checks'],
      fixed: {
        columns: ['name'],
        why: 'Other things refer to it by this name, and its events hold it. Delete it, or make it anew under another name.',
      },
    },
    {
      table: 'dataset_version',
      title: 'notes, statistics and checks of dataset versions',
      key: ['dataset', 'version'],
      columns: ['note', 'profile', 'check_results', 'slices'],
      fixed: {
        columns: ['columns'],
        why: 'It is the name of a column in files that do not change.',
      },
    },
    {
      table: 'table_snapshot',
      title: 'notes of table snapshots',
      key: ['table_id', 'snapshot'],
      columns: ['note'],
    },
    {
      table: 'dataset_sheet_part',
      title: 'data sheets, every revision',
      key: ['dataset', 'part', 'revision'],
      columns: ['text', 'written_by_name'],
    },
  ],
}

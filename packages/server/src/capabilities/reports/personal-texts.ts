import type { SubjectTexts } from '../../kernel/ports/index.ts'

/** Reports with all their versions, and their comments. */
export const reportsTexts: SubjectTexts = {
  capability: 'reports',
  places: [
    {
      table: 'report',
      title: 'titles of reports',
      key: ['id'],
      columns: ['title', 'created_by_name', 'updated_by_name'],
    },
    {
      table: 'report_version',
      title: 'reports, every version',
      key: ['report_id', 'version'],
      columns: ['title', 'text', 'saved_by_name'],
    },
    {
      table: 'report_comment',
      title: 'comments of reports',
      key: ['id'],
      columns: ['text', 'anchor', 'said_by_name', 'resolved_by_name'],
    },
    {
      table: 'report_mention',
      title: 'what reports name',
      key: ['thing', 'report_id', 'version'],
      columns: [],
      fixed: {
        columns: ['thing'],
        why: 'Other things refer to it by this name, and its events hold it. Delete it, or make it anew under another name.',
      },
    },
  ],
}

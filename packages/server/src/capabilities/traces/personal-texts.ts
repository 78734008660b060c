import { createHash } from 'node:crypto'
import type { SubjectTexts } from '../../kernel/ports/index.ts'

/** What programs were asked and answered, and what is said of it. */
export const tracesTexts: SubjectTexts = {
  capability: 'traces',
  places: [
    {
      table: 'trace',
      title: 'previews and names of traces',
      key: ['id'],
      columns: ['client_request_id', 'request_preview', 'response_preview', 'root_name'],
    },
    {
      table: 'trace_tag',
      title: 'tags of traces',
      key: ['trace_id', 'key'],
      columns: ['value'],
      removeBy: ['key'],
    },
    {
      table: 'trace_metadata',
      title: 'metadata of traces',
      key: ['trace_id', 'key'],
      columns: ['value'],
      removeBy: ['key'],
    },
    {
      table: 'trace_span',
      title: 'spans of traces',
      key: ['trace_id', 'span_id'],
      columns: ['name', 'type', 'content', 'usage'],
    },
    {
      table: 'trace_assessment',
      title: 'assessments of traces',
      key: ['trace_id', 'id'],
      columns: ['name', 'value', 'error', 'source_type', 'source_id', 'rationale', 'metadata'],
    },
    {
      table: 'evaluation_set',
      title: 'names and schemas of evaluation datasets',
      key: ['id'],
      columns: ['name', 'schema', 'profile', 'created_by', 'updated_by'],
    },
    {
      table: 'evaluation_set_tag',
      title: 'tags of evaluation datasets',
      key: ['set_id', 'key'],
      columns: ['value'],
      removeBy: ['key'],
    },
    {
      table: 'evaluation_set_record',
      title: 'records of evaluation datasets',
      key: ['set_id', 'id'],
      columns: [
        'inputs',
        'outputs',
        'expectations',
        'tags',
        'source',
        'source_type',
        'source_id',
        'created_by',
        'updated_by',
      ],
      derive: (row) => ({ input_hash: hashOf(`${String(row['id'])} ${String(row['inputs'])}`) }),
    },
    {
      table: 'scorer',
      title: 'scorers',
      key: ['experiment_id', 'name'],
      columns: ['filter'],
      fixed: { columns: ['name'], why: 'Its versions and clients find it by this name: delete it.' },
    },
    { table: 'scorer_version', title: 'definitions of scorers', key: ['scorer_id', 'version'], columns: ['content'] },
  ],
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')

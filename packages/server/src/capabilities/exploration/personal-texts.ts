import type { SubjectTexts } from '../../kernel/ports/index.ts'

/** Notes that people confirmed, ideas, and baselines. */
export const explorationTexts: SubjectTexts = {
  capability: 'exploration',
  places: [
    {
      table: 'run_note',
      title: 'confirmed notes of runs',
      key: ['kind', 'subject'],
      columns: ['text', 'confirmed_by_name'],
    },
    {
      table: 'idea',
      title: 'ideas',
      key: ['id'],
      columns: ['title', 'hypothesis', 'source', 'reason', 'created_by_name', 'decided_by_name'],
    },
    {
      table: 'baseline',
      title: 'baselines of experiments',
      key: ['id'],
      columns: ['name', 'content', 'created_by_name', 'retired_reason'],
    },
    {
      table: 'code_fork',
      title: 'forks of code of experiments',
      key: ['experiment_id'],
      columns: ['content', 'recorded_by_name'],
    },
  ],
}

import type { SubjectTexts } from '../../kernel/ports/index.ts'

/** What windows counted. */
export const monitoringTexts: SubjectTexts = {
  capability: 'monitoring',
  places: [
    {
      table: 'monitor',
      title: 'headlines of monitors',
      key: ['name'],
      columns: ['headline', 'label_delay'],
      fixed: {
        columns: ['name', 'definition'],
        why: 'It is part of the definition of the monitor: define it anew.',
      },
    },
    {
      table: 'monitor_release',
      title: 'what monitors compare with',
      key: ['monitor', 'release'],
      columns: ['reference', 'baselines', 'drift', 'performance'],
    },
    {
      table: 'monitor_window',
      title: 'windows of monitors',
      key: ['monitor', 'start_at'],
      columns: ['drift', 'performance', 'counts', 'details'],
    },
  ],
}

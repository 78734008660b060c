import type { SubjectTexts } from '../../kernel/ports/index.ts'

/** What the kernel keeps that may repeat what somebody wrote. */
export const kernelTexts: SubjectTexts = {
  capability: 'kernel',
  places: [
    {
      table: 'event',
      title: 'events',
      key: ['seq'],
      columns: [],
      fixed: {
        columns: ['subject', 'refs', 'data'],
        why: 'An event is sealed in the chain of the project: names of things, and reasons and titles that people typed, stay in it. Months that are past are in the archive and were not searched.',
      },
    },
    { table: 'done_act', title: 'answers that are kept for who asks again', key: ['key'], columns: ['result'] },
    {
      table: 'job',
      title: 'errors of jobs',
      key: ['id'],
      columns: ['error'],
      fixed: { columns: ['key', 'input'], why: 'It says what there is to do, by names of things.' },
    },
  ],
}

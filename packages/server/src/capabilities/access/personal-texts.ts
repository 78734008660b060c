import type { SubjectTexts } from '../../kernel/ports/index.ts'

/** Texts of a project, and of requests to it. */
export const accessTexts: SubjectTexts = {
  capability: 'access',
  places: [
    {
      table: 'project',
      title: 'title of the project',
      project: 'id',
      key: ['id'],
      columns: ['title'],
    },
    {
      table: 'break_glass',
      title: 'reasons for breaking the glass',
      key: ['id'],
      columns: ['reason'],
    },
    {
      table: 'access_log',
      title: 'addresses of requests in the access log',
      key: ['id'],
      columns: ['what', 'path', 'address', 'request_id'],
    },
  ],
}

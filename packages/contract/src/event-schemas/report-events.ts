import { Type } from 'typebox'
import { eventSchema, integer, text } from './event-schema.ts'

/** Reports and what is said of them. */
export const reportEvents = [
  eventSchema('report.saved', 'report', 'A version of a report was saved.', {
    version: integer(),
    title: text(),
    restored: Type.Optional(integer('The version that it brought back.')),
  }),
  eventSchema('report.deleted', 'report', 'A report was deleted.', { title: text() }),
  eventSchema('report.commented', 'report', 'Somebody said something of a report.', {
    comment: text('Id of the comment.'),
    version: integer(),
  }),
  eventSchema('report.comment-resolved', 'report', 'A comment was marked as resolved.', { comment: text() }),
  eventSchema('report.comment-reopened', 'report', 'A resolved comment was opened again.', { comment: text() }),
]

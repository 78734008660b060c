import { Type } from 'typebox'
import { eventSchema, eventTime, integer, nullable, text } from './event-schema.ts'

const via = Type.Optional(text('`provider`: groups at the identity provider brought or took it.'))

/** Projects, people, tokens, and who is told of what. */
export const accessEvents = [
  eventSchema('project.created', 'project', 'A project was made.', { title: text() }),
  eventSchema('watermark.advanced', 'project', 'The event time of a project was moved forward in a replay.', {
    from: nullable(eventTime),
    to: eventTime,
  }),
  eventSchema('principal.created', 'principal', 'A person or service account was made.', {
    kind: text('user or service'),
  }),
  eventSchema('membership.granted', 'principal', 'A principal got a role in the project.', { role: text(), via }),
  eventSchema('membership.removed', 'principal', 'A principal lost a role in the project.', { role: text(), via }),
  eventSchema('principal.disabled', 'principal', 'An account was disabled.', {}),
  eventSchema('principal.enabled', 'principal', 'A disabled account was enabled again.', {}),
  eventSchema('principal.erased', 'principal', 'What the instance knew of a person was overwritten; the id stays.', {}),
  eventSchema('identity.connected', 'principal', 'Somebody added the identity provider to his account.', {}),
  eventSchema('password.changed', 'principal', 'Somebody set a password for himself.', {}),
  eventSchema('invitation.created', 'invitation', 'Somebody new was invited to the project.', {}),
  eventSchema('invitation.accepted', 'invitation', 'An invitation was used.', {}),
  eventSchema('invitation.revoked', 'invitation', 'An invitation was taken back.', {}),
  eventSchema('token.created', 'token', 'A token was made. Tokens of single runs are left out.', {
    principal: text('Whose it is.'),
    kind: text(),
  }),
  eventSchema('token.revoked', 'token', 'A token was revoked.', {}),
  eventSchema(
    'token.rotated',
    'token',
    'A token took the place of another, which works on until the overlap is over.',
    {
      principal: text('Whose it is.'),
      replaces: text('Id of the token before.'),
      oldEndsAt: integer('Milliseconds UTC.'),
    },
  ),
  eventSchema('role.defined', 'role', 'A role was made or changed.', {
    permissions: Type.Array(text()),
    everywhere: Type.Boolean({ description: 'Every project can give it.' }),
  }),
  eventSchema('role.removed', 'role', 'A role was removed, and taken from whoever held it.', {
    taken: integer('How many held it.'),
    everywhere: Type.Boolean(),
  }),
  eventSchema('group.defined', 'group', 'A group of people was made or described.', {}),
  eventSchema('group.removed', 'group', 'A group was removed.', {}),
  eventSchema('group.member-added', 'group', 'Somebody was put into a group.', { principal: text() }),
  eventSchema('group.member-removed', 'group', 'Somebody was taken out of a group.', { principal: text() }),
  eventSchema('group.role-granted', 'group', 'A group got a role in the project.', { role: text() }),
  eventSchema('group.role-removed', 'group', 'A group lost a role in the project.', { role: text() }),
  eventSchema('separation.set', 'project', 'The rules of separation of duties were set.', {
    rules: Type.Array(text('Two permissions, a space between.')),
  }),
  eventSchema('break-glass.started', 'break-glass', "Somebody took an administrator's permissions for some minutes.", {
    reason: text(),
    minutes: integer(),
    endsAt: integer('Milliseconds UTC.'),
  }),
  eventSchema(
    'break-glass.ended',
    'break-glass',
    "An administrator's permissions that somebody took came to their end.",
    {
      early: Type.Boolean({ description: 'Somebody ended it.' }),
    },
  ),
  eventSchema('session.opened', 'principal', 'Somebody signed in in a browser.', {
    method: Type.Optional(text('How: link, provider, password, invitation.')),
  }),
  eventSchema('quota.set', 'project', 'Limits of the project were set; null is the default, 0 is none.', {
    limits: Type.Record(text(), nullable(integer())),
  }),
  eventSchema('webhook.created', 'webhook', 'A webhook was made.', { events: Type.Array(text('Pattern of names.')) }),
  eventSchema('webhook.changed', 'webhook', 'A webhook was changed.', {
    changed: Type.Array(text('Name of a field.')),
  }),
  eventSchema('webhook.replayed', 'webhook', 'Deliveries that were given up are tried again.', {
    deliveries: integer(),
  }),
  eventSchema('webhook.removed', 'webhook', 'A webhook was removed.', {}),
  eventSchema('webhook.tried', 'webhook', 'A trial delivery; it is sent to one receiver and stands in no log.', {}),
  eventSchema('inbox.opened', 'inbox', 'A human step waits for a decision.', {
    kind: text(),
    title: text(),
    assignee: nullable(text('Id of a principal.')),
    dueAt: nullable(integer('Milliseconds UTC.')),
  }),
  eventSchema('inbox.assigned', 'inbox', 'A human step was given to somebody, or to nobody in particular.', {
    item: text(),
    assignee: nullable(text('Id of a principal.')),
    before: nullable(text('Id of a principal.')),
  }),
  eventSchema('inbox.overdue', 'inbox', 'A human step was not decided in time.', {
    item: text(),
    assignee: nullable(text('Id of a principal.')),
    dueAt: nullable(integer('Milliseconds UTC.')),
  }),
  eventSchema('inbox.decided', 'inbox', 'A human step was decided.', {
    item: text(),
    kind: text(),
    option: text('Id of the option.'),
    reason: text(),
    subject: text('URN of what was decided on.'),
  }),
  eventSchema('inbox.withdrawn', 'inbox', 'A human step is no longer wanted.', {
    item: Type.Optional(text()),
    reason: Type.Optional(text()),
  }),
  eventSchema(
    'subject.erased',
    'subject',
    'The key of a person was destroyed: what is personal of him cannot be read any more.',
    {
      id: text('Id of the key; it names nobody.'),
    },
  ),
] as const

import { type Static, Type } from 'typebox'
import { EntityRef, Millis, Problem, ProjectParams } from './common.ts'
import { route } from './route.ts'

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()])

/** Whose data is meant, as the rows say it: the value of the column that names the person. It is sent in bodies only, so that no log of addresses holds it. */
export const SubjectName = Type.String({
  minLength: 1,
  maxLength: 500,
  description: 'Id of the person, as the column says it that tells whose row it is.',
})
const OtherNames = Type.Array(Type.String({ minLength: 1, maxLength: 500 }), {
  maxItems: 20,
  description: 'What else the person is called in texts: names, mail addresses. The id is searched for anyway.',
})
const WhoseBody = Type.Object({ subject: SubjectName }, { additionalProperties: false })
const PersonBody = Type.Object(
  { subject: SubjectName, names: Type.Optional(OtherNames) },
  { additionalProperties: false },
)

/** How much one capability holds about a person, of one kind, in one place. */
export const SubjectFinding = Type.Object({
  capability: Type.String(),
  kind: Type.String({ description: 'dataset-rows, predictions, feature-rows, account and so on.' }),
  where: Type.String({ description: 'Name of the dataset, deployment or feature view.' }),
  count: Type.Integer(),
  plain: Type.Integer({ description: 'Of them not encrypted: an erasure does not cover them unless it removes them.' }),
  how: Type.Optional(
    Type.Union([Type.Literal('removed'), Type.Literal('redacted')], {
      description: 'What an erasure did with them; absent where it destroyed the key that they are encrypted with.',
    }),
  ),
})
export type SubjectFinding = Static<typeof SubjectFinding>

/** What is known about a person, without any value. */
export const SubjectReport = Type.Object({
  id: Nullable(
    Type.String({ description: "Id of the person's key; it names nobody. null: nothing of him was encrypted." }),
  ),
  erasedAt: Nullable(Millis),
  found: Type.Array(SubjectFinding),
  models: Type.Array(EntityRef, {
    description: 'Versions of models that may have learned from his rows. An erasure does not change them.',
  }),
  moreModels: Type.Boolean({ description: 'There are more than are listed.' }),
  artifacts: Type.Array(EntityRef, {
    description:
      'Runs that hold files and were made from his rows: what code wrote into files cannot be opened and sealed. Delete them or make them anew.',
  }),
})
export type SubjectReport = Static<typeof SubjectReport>

/** What an erasure has searched for the names of a person. */
export const ErasureLook = Type.Object({
  capability: Type.String(),
  where: Type.String({ description: 'Such as "tags of runs".' }),
  rows: Type.Integer(),
})
export type ErasureLook = Static<typeof ErasureLook>

/** What an erasure found and left as it is. */
export const ErasureRemainder = Type.Object({
  capability: Type.String(),
  kind: Type.String(),
  where: Type.String(),
  count: Type.Integer(),
  why: Type.String({ description: 'Why it stays, and what somebody can do about it.' }),
})
export type ErasureRemainder = Static<typeof ErasureRemainder>

/** An erasure, without the name of whoever was erased. */
export const Erasure = Type.Object({
  id: Type.String(),
  project: Type.String({ description: '`*`: of an account of the instance.' }),
  subject: Type.String({ description: 'Id of the key that was destroyed, or of the account; it names nobody.' }),
  fingerprint: Type.String({ description: 'Keyed hash of the person, for the replay after a restore.' }),
  state: Type.Union([Type.Literal('running'), Type.Literal('finished'), Type.Literal('failed')], {
    description:
      'The key is destroyed in each; running and failed: something that it does not cover is not removed yet.',
  }),
  reason: Type.String(),
  at: Millis,
  byName: Type.String(),
  finishedAt: Nullable(Millis),
  found: Type.Array(SubjectFinding, { description: 'What there was, counted before.' }),
  changed: Type.Array(SubjectFinding, { description: 'What was removed or overwritten beside the key.' }),
  models: Type.Array(EntityRef),
  artifacts: Type.Array(EntityRef, { description: 'Runs whose files were made from the rows; they are as they were.' }),
  looked: Type.Array(ErasureLook, { description: 'Texts that were searched for his names.' }),
  left: Type.Array(ErasureRemainder, { description: 'What names him and could not be changed, with the reason.' }),
  marks: Nullable(
    Type.String({ description: 'Sealed by the vault: what a restore of an older backup finds his names by.' }),
  ),
  error: Nullable(Type.String({ description: 'Why the last attempt did not do all; it is tried again.' })),
})
export type Erasure = Static<typeof Erasure>

const EraseBody = Type.Object(
  {
    subject: SubjectName,
    confirm: Type.String({ maxLength: 500, description: 'The same once more, typed by whoever confirms.' }),
    reason: Type.String({
      minLength: 5,
      maxLength: 1000,
      description: 'Why: number of the request, legal ground. It is kept; do not name the person in it.',
    }),
    names: Type.Optional(OtherNames),
  },
  { additionalProperties: false },
)
const ErasuresQuery = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
  before: Type.Optional(Type.String({ maxLength: 100, description: 'Id of an erasure; older ones follow.' })),
})
const Erasures = Type.Object({ erasures: Type.Array(Erasure) })
const errors = { 403: Problem, 404: Problem }
const url = '/api/v1/projects/:project/subjects'
const instanceUrl = '/api/v1/subjects'

export const findSubject = route({
  method: 'POST',
  url: `${url}/find`,
  permission: 'subject:read',
  sensitive: 'subject',
  load: 'heavy',
  schema: {
    operationId: 'findSubject',
    summary:
      'Counts what the project holds about one person, by capability and kind, and lists the models that may have learned from it. No values.',
    params: ProjectParams,
    body: PersonBody,
    response: { 200: SubjectReport, ...errors },
  },
})

export const exportSubject = route({
  method: 'POST',
  url: `${url}/export`,
  permission: 'subject:read',
  alsoNeeds: ['data:read-rows', 'data:read-personal'],
  sensitive: 'export',
  load: 'heavy',
  responseBody: 'raw',
  schema: {
    operationId: 'exportSubject',
    summary:
      'Downloads everything that the project holds about one person as JSON Lines: capability, kind, where, record.',
    params: ProjectParams,
    body: PersonBody,
    response: { ...errors },
  },
})

export const eraseSubject = route({
  method: 'POST',
  url: `${url}/erase`,
  permission: 'subject:erase',
  sensitive: 'subject',
  schema: {
    operationId: 'eraseSubject',
    summary:
      'Destroys the key of one person, so that his personal values read `redacted` everywhere, and removes what the key does not cover. It cannot be undone. A repetition goes on with what was not done and is no second erasure.',
    params: ProjectParams,
    body: EraseBody,
    response: { 200: Erasure, 422: Problem, ...errors },
  },
})

export const listErasures = route({
  method: 'GET',
  url: `${url}/erasures`,
  permission: 'subject:read',
  schema: {
    operationId: 'listErasures',
    summary: 'Lists the erasures of the project, newest first. None names a person.',
    params: ProjectParams,
    query: ErasuresQuery,
    response: { 200: Erasures, ...errors },
  },
})

export const findAccount = route({
  method: 'POST',
  url: `${instanceUrl}/find`,
  permission: 'instance:admin',
  sensitive: 'subject',
  schema: {
    operationId: 'findAccount',
    summary: 'Counts what the instance holds about one of its users, by name, id or the mail address of an invitation.',
    body: WhoseBody,
    response: { 200: SubjectReport, ...errors },
  },
})

export const exportAccount = route({
  method: 'POST',
  url: `${instanceUrl}/export`,
  permission: 'instance:admin',
  sensitive: 'export',
  responseBody: 'raw',
  schema: {
    operationId: 'exportAccount',
    summary: 'Downloads what the instance holds about one of its users as JSON Lines.',
    body: WhoseBody,
    response: { ...errors },
  },
})

export const eraseAccount = route({
  method: 'POST',
  url: `${instanceUrl}/erase`,
  permission: 'instance:admin',
  sensitive: 'subject',
  schema: {
    operationId: 'eraseAccount',
    summary:
      'Overwrites name, mail address, sessions, tokens and addresses of one user and disables the account. Events keep its id. It cannot be undone.',
    body: EraseBody,
    response: { 200: Erasure, 409: Problem, 422: Problem, ...errors },
  },
})

export const listAllErasures = route({
  method: 'GET',
  url: `${instanceUrl}/erasures`,
  permission: 'instance:admin',
  schema: {
    operationId: 'listAllErasures',
    summary: 'Lists the erasures of all projects and of accounts, newest first; what a restore replays.',
    query: ErasuresQuery,
    response: { 200: Erasures, 403: Problem },
  },
})

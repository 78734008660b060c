import { type Static, Type } from 'typebox'
import { Problem, ProjectParams } from './common.ts'
import { route } from './route.ts'

/** Tag that keeps a run out of reach of the archive policy, whatever its value. */
export const pinTag = 'trivium.pinned'

/** Which runs go into the archive by themselves. Runs that go on, are pinned, made a registered model, or are named by a report or an open idea stay. */
export const ArchivePolicy = Type.Object(
  {
    days: Type.Integer({ minimum: 1, maximum: 3650, description: 'Runs that ended so long ago.' }),
    /** How many of each group stay whatever their age: the runs of one value of the tag `trivium.group`, else all of the experiment. */
    keepBest: Type.Integer({ minimum: 0, maximum: 1000 }),
    /** What the best are judged by; needed where some are kept. */
    metric: Type.Union([Type.String({ minLength: 1, maxLength: 250 }), Type.Null()]),
    higherIsBetter: Type.Boolean(),
  },
  { additionalProperties: false },
)
export type ArchivePolicy = Static<typeof ArchivePolicy>

const Saved = Type.Object({
  policy: ArchivePolicy,
  savedAt: Type.Integer(),
  savedByName: Type.String(),
  /** When it last looked, and how many runs it has archived so far. */
  lastAt: Type.Union([Type.Integer(), Type.Null()]),
  archived: Type.Integer(),
})
export const SavedArchivePolicy = Type.Union([Saved, Type.Null()])
export type SavedArchivePolicy = Static<typeof SavedArchivePolicy>

/** What a policy would do now. */
export const ArchivePreview = Type.Object({
  /** Active runs that ended long enough ago. */
  old: Type.Integer(),
  /** Of them would go. */
  archived: Type.Integer(),
  /** Of them would stay, each counted once, by the first reason. */
  kept: Type.Object({
    pinned: Type.Integer(),
    broughtBack: Type.Integer({ description: 'Somebody took them out of the archive by hand.' }),
    best: Type.Integer(),
    model: Type.Integer({ description: 'A registered version was made from them.' }),
    cited: Type.Integer({ description: 'A report or an open idea names them.' }),
  }),
  /** The oldest of those that would go, at most 50. */
  runs: Type.Array(
    Type.Object({ id: Type.String(), name: Type.String(), experiment: Type.String(), endedAt: Type.Integer() }),
  ),
})
export type ArchivePreview = Static<typeof ArchivePreview>

/** Why an old run stays, in words that follow a count. */
export const archiveKeepers: Readonly<Record<keyof ArchivePreview['kept'], string>> = {
  pinned: 'pinned',
  broughtBack: 'brought back by hand',
  best: 'among the best',
  model: 'behind a registered model',
  cited: 'named by a report or an idea',
}

const url = '/api/v1/projects/:project/archive-policy'
const errors = { 400: Problem, 403: Problem, 404: Problem }

export const getArchivePolicy = route({
  method: 'GET',
  url,
  permission: 'run:read',
  schema: {
    operationId: 'getArchivePolicy',
    summary: 'Reads by which policy runs of the project are archived.',
    params: ProjectParams,
    response: { 200: Type.Object({ saved: SavedArchivePolicy }), 403: Problem, 404: Problem },
  },
})
export const previewArchivePolicy = route({
  method: 'POST',
  url: `${url}/preview`,
  permission: 'run:read',
  load: 'heavy',
  schema: {
    operationId: 'previewArchivePolicy',
    summary: 'Says which runs a policy would archive now, and what would keep the others; changes nothing.',
    params: ProjectParams,
    body: ArchivePolicy,
    response: { 200: ArchivePreview, ...errors },
  },
})
export const setArchivePolicy = route({
  method: 'PUT',
  url,
  permission: 'project:admin',
  schema: {
    operationId: 'setArchivePolicy',
    summary: 'Archives runs by a policy from now on, once a day; null stops it. What is archived stays as it is.',
    params: ProjectParams,
    body: Type.Object({ policy: Type.Union([ArchivePolicy, Type.Null()]) }, { additionalProperties: false }),
    response: { 200: Type.Object({ saved: SavedArchivePolicy }), ...errors },
  },
})

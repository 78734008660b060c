import { type Static, Type } from 'typebox'
import { Millis, Problem, ProjectParams } from './common.ts'
import { route } from './route.ts'

/** What a project may keep its content in, beside the instance's own object store. */
export const placeKinds = ['s3', 'oci', 'http', 'postgres'] as const
export type PlaceKind = (typeof placeKinds)[number]
const PlaceKindName = Type.Union(
  [Type.Literal('s3'), Type.Literal('oci'), Type.Literal('http'), Type.Literal('postgres')],
  {
    description:
      's3: a bucket of another object store. oci: a container registry (OCI Distribution). http: a binary repository or any server that takes PUT. postgres: a Postgres database.',
  },
)

const amounts = { contents: Type.Integer(), bytes: Type.Integer() }

/** A place outside of the instance where a project keeps content. Its password or token is shown nowhere. */
export const ContentPlace = Type.Object({
  id: Type.String(),
  kind: PlaceKindName,
  address: Type.String({ description: 'Without credentials.' }),
  username: Type.Union([Type.String(), Type.Null()]),
  credentials: Type.Union([Type.Literal('none'), Type.Literal('password'), Type.Literal('token')]),
  current: Type.Boolean({ description: 'It gets what is new; the others are read.' }),
  setAt: Millis,
  setByName: Type.String(),
  ...amounts,
  damaged: Type.Integer({ description: 'Contents that are not what was stored; each is healed by storing it again.' }),
  removing: Type.Integer({ description: 'Contents that nothing needs and that the place has not let go of yet.' }),
})
export type ContentPlace = Static<typeof ContentPlace>

/** Where a project keeps its content. */
export const ContentPlaces = Type.Object({
  own: Type.Object(amounts, { description: "What things of the project hold in the instance's own object store." }),
  places: Type.Array(ContentPlace, { description: 'The current one first.' }),
})
export type ContentPlaces = Static<typeof ContentPlaces>

export const getContentPlaces = route({
  method: 'GET',
  url: '/api/v1/projects/:project/content-places',
  permission: 'project:read',
  schema: {
    operationId: 'getContentPlaces',
    summary: 'Where a project keeps its content, and how much lies in each place.',
    params: ProjectParams,
    response: { 200: ContentPlaces, 403: Problem },
  },
})

export const setContentPlace = route({
  method: 'PUT',
  url: '/api/v1/projects/:project/content-place',
  permission: 'project:admin',
  schema: {
    operationId: 'setContentPlace',
    summary:
      'Chooses where a project keeps what is new. The place is tried first: a small content is written, read and removed. What was stored before stays where it is, and is found there.',
    params: ProjectParams,
    body: Type.Object(
      {
        kind: PlaceKindName,
        address: Type.String({
          minLength: 8,
          maxLength: 500,
          description:
            's3: https://ENDPOINT/BUCKET/PREFIX?region=NAME. oci, http: https://HOST/PATH. postgres: postgresql://HOST:PORT/DATABASE, with ?schema=NAME for another schema than trivium_content.',
        }),
        username: Type.Optional(
          Type.String({ minLength: 1, maxLength: 200, description: 'With s3 the id of the access key.' }),
        ),
        secret: Type.Optional(
          Type.String({
            minLength: 1,
            maxLength: 16_384,
            description: 'The password of the user, or without one a token. Kept by the vault, never shown again.',
          }),
        ),
      },
      { additionalProperties: false },
    ),
    response: { 200: ContentPlaces, 403: Problem, 409: Problem, 422: Problem, 429: Problem },
  },
})

export const testContentPlace = route({
  method: 'POST',
  url: '/api/v1/projects/:project/content-place/test',
  permission: 'project:admin',
  schema: {
    operationId: 'testContentPlace',
    summary:
      'Writes a small content to the current place of a project, reads and removes it; six times a minute at most.',
    params: ProjectParams,
    response: {
      200: Type.Object({
        ok: Type.Boolean(),
        found: Type.String({ description: 'What was done, or why it failed.' }),
        ms: Type.Integer(),
      }),
      403: Problem,
      404: Problem,
      429: Problem,
    },
  },
})

export const clearContentPlace = route({
  method: 'DELETE',
  url: '/api/v1/projects/:project/content-place',
  permission: 'project:admin',
  schema: {
    operationId: 'clearContentPlace',
    summary:
      "What is new goes to the instance's own object store again. What lies in the place stays there, and is found there.",
    params: ProjectParams,
    response: { 200: ContentPlaces, 403: Problem, 404: Problem },
  },
})

import { Type, type Static } from 'typebox'
import { Problem, ProjectName, ProjectParams } from './common.ts'
import { route } from './route.ts'

/** One entity of the graph with one fact about it. */
export const LineageNode = Type.Object({
  urn: Type.String(),
  kind: Type.String(),
  name: Type.String(),
  version: Type.Union([Type.String(), Type.Null()]),
  /** One fact for the second line of the node. */
  fact: Type.String(),
  at: Type.Union([Type.Integer(), Type.Null()]),
  /** Steps from the focus: negative is upstream. */
  depth: Type.Integer(),
})
export type LineageNode = Static<typeof LineageNode>

/** `to` was made from, or caused by, `from`. */
export const LineageEdge = Type.Object({ from: Type.String(), to: Type.String(), as: Type.String() })
export type LineageEdge = Static<typeof LineageEdge>

export const getLineage = route({
  method: 'GET',
  url: '/api/v1/projects/:project/lineage',
  permission: 'lineage:read',
  load: 'heavy',
  schema: {
    operationId: 'getLineage',
    summary: 'Walks the graph from one entity, back to what it was made from and forward to what followed from it.',
    params: ProjectParams,
    query: Type.Object({
      urn: Type.String({ maxLength: 1000 }),
      back: Type.Optional(Type.Integer({ minimum: 0, maximum: 20, default: 12 })),
      forward: Type.Optional(Type.Integer({ minimum: 0, maximum: 20, default: 3 })),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 200 })),
    }),
    response: {
      200: Type.Object({
        focus: LineageNode,
        nodes: Type.Array(LineageNode),
        edges: Type.Array(LineageEdge),
        truncated: Type.Boolean(),
      }),
      403: Problem,
      404: Problem,
    },
  },
})

/** One hit of the search box. */
export const SearchHit = Type.Object({
  urn: Type.String(),
  kind: Type.String(),
  name: Type.String(),
  version: Type.Union([Type.String(), Type.Null()]),
  project: Type.String(),
  fact: Type.String(),
  at: Type.Union([Type.Integer(), Type.Null()]),
})
export type SearchHit = Static<typeof SearchHit>

export const searchEntities = route({
  method: 'GET',
  url: '/api/v1/search',
  permission: 'authenticated',
  load: 'heavy',
  schema: {
    operationId: 'searchEntities',
    summary:
      'Finds entities by words of their name, id, tags and digest in every project that the caller may read. Prefixes narrow: `m:` model, `r:` run, `e:` experiment, `d:` dataset, `p:` pipeline, `s:` deployment, `a:` alert, `#` id.',
    query: Type.Object({
      q: Type.String({ minLength: 1, maxLength: 200 }),
      project: Type.Optional(ProjectName),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 20 })),
    }),
    response: { 200: Type.Object({ hits: Type.Array(SearchHit) }) },
  },
})

import { Type, type Static } from 'typebox'

/** A project's name: it is its id, the first part of each URL, and never changes. */
export const ProjectName = Type.String({
  pattern: '^[a-z0-9][a-z0-9-]{0,62}$',
  description: 'Name of the project: lower-case letters, digits and hyphens.',
})
/** A name that people choose for a model, dataset, deployment, pipeline or feature view. */
export const EntityName = Type.String({
  minLength: 1,
  maxLength: 200,
  pattern: '^[A-Za-z0-9][A-Za-z0-9._ -]*$',
  description: 'Letters, digits, dot, underscore, hyphen and space; begins with a letter or digit.',
})
/** Milliseconds since 1970-01-01 UTC, up to the last one that has a date. */
export const Millis = Type.Integer({
  minimum: 0,
  maximum: 8_640_000_000_000_000,
  description: 'Milliseconds since 1970-01-01 UTC.',
})
/** SHA-256 in lower-case hex: the name of immutable content. */
export const Digest = Type.String({ pattern: '^[0-9a-f]{64}$', description: 'SHA-256, lower-case hex.' })
/** `trivium://project/kind/id` with `@version` where the thing has versions. */
export const Urn = Type.String({ pattern: '^trivium://', description: 'trivium://project/kind/id@version' })

export const ProjectParams = Type.Object({ project: ProjectName })

/** Query of every list: a page size and the token that the page before returned. */
export const PageQuery = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
  page_token: Type.Optional(Type.String({ maxLength: 2000 })),
}

/** The error body (RFC 9457). `code` is stable; `detail` names the thing and says what to do. */
export const Problem = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  code: Type.String(),
  detail: Type.String(),
  requestId: Type.String(),
  errors: Type.Optional(Type.Array(Type.Object({ path: Type.String(), message: Type.String() }))),
  /** Of a text such as a filter: from which character to which it is wrong. */
  at: Type.Optional(Type.Array(Type.Integer(), { maxItems: 2 })),
})
export type Problem = Static<typeof Problem>

/** Any JSON value. */
export const Json = Type.Unknown()
/** A JSON object with free keys. */
export const JsonObject = Type.Record(Type.String(), Type.Unknown())

/** A reference to an entity, as the lineage graph and every page print it. */
export const EntityRef = Type.Object({
  urn: Type.String(),
  kind: Type.String(),
  name: Type.String(),
  version: Type.Optional(Type.String()),
})
export type EntityRef = Static<typeof EntityRef>

/** Proof of something, attached to a model version and never changed: what was checked, against what, the verdict and its reason in one sentence. */
export const Evidence = Type.Object({
  kind: Type.Union([
    Type.Literal('evaluation'),
    Type.Literal('comparison'),
    Type.Literal('gate'),
    Type.Literal('data'),
    Type.Literal('approval'),
    Type.Literal('parity'),
  ]),
  /** passed, failed, or information without a verdict */
  verdict: Type.Union([Type.Literal('passed'), Type.Literal('failed'), Type.Literal('info')]),
  /** One sentence for a reader. */
  summary: Type.String(),
  at: Type.Integer(),
  by: Type.String(),
  /** What it was computed from. */
  subjects: Type.Array(Type.String()),
  /** SHA-256 of the canonical JSON of `data`. */
  digest: Type.String(),
  data: Type.Record(Type.String(), Type.Unknown()),
})
export type Evidence = Static<typeof Evidence>

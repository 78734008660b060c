import type { Static, TSchema } from 'typebox'
import type { Permission } from './permissions.ts'

/** Who may call a route: a permission of the project in the path (or of the token's project), any signed-in principal, or everybody. */
export type RouteAccess = Permission | 'authenticated' | 'public'

/**
 * What a route is to a server that has too much to do. `vital` has to answer when nothing else does, and takes from no quota: health, signing in,
 * acknowledging an alert. `log` takes in what cannot be had again: metrics of a training run, labels, rows of features. `heavy` takes long: searches,
 * rows of data. Everything else is `normal`.
 */
export type RouteLoad = 'vital' | 'log' | 'normal' | 'heavy'

/** JSON Schemas of one route; `operationId` is its stable name in OpenAPI, the SDK and the UI's query keys. */
export interface RouteSchema {
  readonly operationId: string
  readonly summary: string
  readonly params?: TSchema
  readonly query?: TSchema
  readonly body?: TSchema
  /** Schemas by status code. `stream` routes list the schema of their errors only. */
  readonly response: { readonly [status: number]: TSchema }
}

/** One HTTP route as data: the server adds a handler, the SDK and the UI call it. */
export interface Route<S extends RouteSchema = RouteSchema> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly url: string
  readonly permission: RouteAccess
  /** Permissions that are needed beside it. */
  readonly alsoNeeds?: readonly Permission[]
  readonly schema: S
  /** `raw`: the body is bytes, read as a stream and never parsed. */
  readonly requestBody?: 'json' | 'raw'
  /** `raw`: the answer is bytes, or an event stream. */
  readonly responseBody?: 'json' | 'raw'
  /** Successful calls are written to the access log too, not only refused ones: who saw tokens, secrets or rows of data, who took an export or the data of a person along, who opened internal addresses. */
  readonly sensitive?: 'tokens' | 'secrets' | 'rows' | 'export' | 'subject' | 'addresses'
  /** `normal` unless said; a route that takes bytes is an upload. */
  readonly load?: RouteLoad
  /** Largest body in bytes; 1 MiB unless said. */
  readonly bodyLimit?: number
}

type StaticOr<T, Otherwise> = T extends TSchema ? Static<T> : Otherwise

export type ParamsOf<R extends Route> = StaticOr<R['schema']['params'], Record<string, never>>
export type QueryOf<R extends Route> = StaticOr<R['schema']['query'], Record<string, never>>
export type BodyOf<R extends Route> = StaticOr<R['schema']['body'], undefined>
type SuccessStatus = 200 | 201 | 202 | 204
/** What a successful call returns. */
export type ResultOf<R extends Route> = {
  [K in keyof R['schema']['response']]: K extends SuccessStatus
    ? StaticOr<R['schema']['response'][K], undefined>
    : never
}[keyof R['schema']['response']]

/** Declares a route; the types of its parameters, query, body and answers follow from the schemas. */
export function route<const R extends Route>(definition: R): R {
  return definition
}

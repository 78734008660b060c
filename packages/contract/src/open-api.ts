import type { TSchema } from 'typebox'
import { Problem } from './common.ts'
import type { Route } from './route.ts'

/** True for a route object; how the routes are picked out of everything that the contract exports. */
export function isRoute(value: unknown): value is Route {
  return (
    typeof value === 'object' &&
    value !== null &&
    'method' in value &&
    'url' in value &&
    'permission' in value &&
    'schema' in value
  )
}

/** Writes routes as an OpenAPI 3.1 document. The permission that each needs is in its description. */
export function openApiOf(routes: readonly Route[], version: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of routes.toSorted((a, b) => a.url.localeCompare(b.url) || a.method.localeCompare(b.method))) {
    const url = route.url.replaceAll(/:([A-Za-z]+)/g, '{$1}')
    const path = paths[url] ?? {}
    paths[url] = path
    path[route.method.toLowerCase()] = operationOf(route)
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Trivium',
      version,
      description: 'The API of Trivium. Errors are application/problem+json with a stable code.',
    },
    security: [{ bearer: [] }],
    components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } }, schemas: { Problem } },
    paths,
  }
}

function operationOf(route: Route): Record<string, unknown> {
  const { operationId, summary, params, query, body, response } = route.schema
  const parameters = [...parametersOf(params, 'path'), ...parametersOf(query, 'query')]
  const requestBody =
    route.requestBody === 'raw'
      ? { required: true, content: { 'application/octet-stream': {} } }
      : body && { required: true, content: { 'application/json': { schema: body } } }
  const responses = Object.fromEntries(
    Object.entries(response).map(([status, schema]) => [
      status,
      {
        description: Number(status) < 400 ? 'Done.' : 'Problem.',
        content: {
          [Number(status) < 400 ? 'application/json' : 'application/problem+json']: {
            schema: (schema as unknown) === Problem ? { $ref: '#/components/schemas/Problem' } : schema,
          },
        },
      },
    ]),
  )
  if (route.responseBody === 'raw') responses['200'] = { description: 'Bytes.', content: { '*/*': {} } } as never
  return {
    operationId,
    summary,
    description:
      route.permission === 'public'
        ? 'Needs no token.'
        : `Needs: ${[route.permission, ...(route.alsoNeeds ?? [])].join(', ')}.`,
    ...(route.permission === 'public' ? { security: [] } : {}),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(requestBody ? { requestBody } : {}),
    responses,
  }
}

function parametersOf(schema: TSchema | undefined, where: 'path' | 'query'): Record<string, unknown>[] {
  const object = schema as { properties?: Record<string, TSchema>; required?: string[] } | undefined
  return Object.entries(object?.properties ?? {}).map(([name, property]) => ({
    name,
    in: where,
    required: where === 'path' || (object?.required ?? []).includes(name),
    schema: property,
  }))
}

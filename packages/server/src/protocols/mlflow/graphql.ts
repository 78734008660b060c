import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Http } from '../../kernel/http/index.ts'
import { toAppError } from '../../kernel/http/index.ts'
import { requirePermission, type Scope } from '../../kernel/principal/index.ts'
import { Args, type Loose } from './args.ts'
import { mlflowErrors, mlflowMessageOf } from './errors.ts'
import { type Field, readOperation } from './graphql-query.ts'
import { graphqlTypes } from './graphql-types.ts'
import { callNamed } from './rpc.ts'

/** The queries, each by the call of the REST interface that answers it: the same code, with the same permissions. */
const queries: Readonly<Record<string, readonly [call: string, type: string]>> = {
  mlflowGetExperiment: ['GET experiments/get', 'GetExperimentResponse'],
  mlflowGetRun: ['GET runs/get', 'GetRunResponse'],
  mlflowGetMetricHistoryBulkInterval: ['GET metrics/get-history-bulk-interval', 'GetMetricHistoryBulkIntervalResponse'],
  mlflowListArtifacts: ['GET artifacts/list', 'ListArtifactsResponse'],
  mlflowSearchModelVersions: ['GET model-versions/search', 'SearchModelVersionsResponse'],
  mlflowSearchRuns: ['POST runs/search', 'SearchRunsResponse'],
  // MLflow has this one among its mutations; it changes nothing.
  mlflowSearchDatasets: ['POST experiments/search-datasets', 'SearchDatasetsResponse'],
}

/** What is asked for each run of a long list is a query of its own. */
const mostCalls = 20

const snake = (name: string): string => name.replaceAll(/[A-Z]/g, (one) => `_${one.toLowerCase()}`)

/** `/graphql` for the queries that clients use. One query a request, of bounded size; what there is cannot be asked for (no introspection). */
export function graphqlCalls(app: Http): void {
  const answer = async (request: FastifyRequest, reply: FastifyReply, given: Loose): Promise<object> => {
    const fields = new Args(given)
    const variables = fields.raw('variables') ?? {}
    if (typeof variables !== 'object' || Array.isArray(variables)) throw fields.invalid('variables', variables)
    const operation = readOperation(
      fields.required('query'),
      variables as Loose,
      fields.text('operationName') || undefined,
    )
    const resolve = resolver(app, request, reply)
    const data: Record<string, unknown> = {}
    const errors: string[] = []
    for (const field of operation.fields) {
      try {
        data[field.alias] = field.name === '__typename' ? operation.kind : await resolve.root(field)
      } catch (thrown) {
        const error = toAppError(thrown)
        if (error.status >= 500) throw thrown
        data[field.alias] = null
        errors.push(mlflowMessageOf(error))
      }
    }
    return { data, errors: errors.length === 0 ? null : errors }
  }
  const config = { access: 'run:read' as const, homeProject: true, load: 'heavy' as const }
  app.post('/graphql', { config, bodyLimit: 100_000 }, async (request: FastifyRequest, reply: FastifyReply) => {
    if (typeof request.body !== 'object' || request.body === null || Array.isArray(request.body))
      throw mlflowErrors.INVALID('Send one query at a time: {"query": …, "variables": {…}}.')
    return answer(request, reply, request.body as Loose)
  })
  app.get('/graphql', { config }, async (request: FastifyRequest, reply: FastifyReply) =>
    answer(request, reply, { query: (request.query as Loose)['query'] }),
  )
}

function resolver(app: Http, request: FastifyRequest, reply: FastifyReply) {
  const scope = request.scope as Scope
  /** Asked once for all fields that want it. */
  const asked = new Map<string, Promise<Loose>>()
  const call = (which: string, input: Loose): Promise<Loose> => {
    const key = `${which} ${JSON.stringify(input)}`
    const known = asked.get(key)
    if (known) return known
    if (asked.size >= mostCalls)
      throw mlflowErrors.INVALID(
        `The GraphQL query asks more than ${mostCalls} things of the server. Ask for fewer runs.`,
      )
    const { permission, handler } = callNamed(app, which)
    const work = (async () => {
      requirePermission(scope, permission)
      const found = await handler({ args: new Args(input), scope, request, reply })
      return (found instanceof Uint8Array ? JSON.parse(Buffer.from(found).toString()) : found) as Loose
    })()
    asked.set(key, work)
    return work
  }

  const value = async (kind: string, found: unknown, field: Field): Promise<unknown> => {
    if (kind.startsWith('[')) {
      const list = (found ?? []) as unknown[]
      return Promise.all(list.map((one) => value(kind.slice(1, -1), one, field)))
    }
    const type = graphqlTypes[kind]
    if (type) return object(kind, (found ?? {}) as Loose, field.fields)
    if (kind === 'absent') return null
    if (field.fields.length > 0) throw mlflowErrors.INVALID(`The field ${field.name.slice(0, 50)} has no parts.`)
    switch (kind) {
      case 'text':
        return found === undefined ? '' : String(found)
      case 'long':
        return String(found ?? 0)
      case 'flag':
        return found === true
      case 'number':
        // A number that is none has no word in GraphQL.
        return typeof found === 'number' ? found : found === undefined ? 0 : null
      default:
        return found ?? kind.slice('enum:'.length)
    }
  }
  const object = async (name: string, from: Loose, fields: readonly Field[]): Promise<Loose> => {
    if (fields.length === 0) throw mlflowErrors.INVALID(`Say which parts of ${name} are wanted.`)
    const found: Loose = {}
    for (const field of fields) {
      if (field.name === '__typename') {
        found[field.alias] = `Mlflow${name}`
        continue
      }
      const key = field.name === 'apiError' ? 'apiError' : snake(field.name)
      const kind = Object.hasOwn(graphqlTypes[name] ?? {}, key) ? graphqlTypes[name]?.[key] : undefined
      if (kind === undefined)
        throw mlflowErrors.INVALID(`Cannot query field '${field.name.slice(0, 50)}' on type 'Mlflow${name}'.`)
      found[field.alias] = await value(kind, await partOf(name, key, from), field)
    }
    return found
  }
  /** What a run says of its experiment and of the versions made of it is asked for where it is wanted. */
  const partOf = async (name: string, key: string, from: Loose): Promise<unknown> => {
    const info = (from['info'] ?? {}) as Loose
    if (name === 'Run' && key === 'experiment')
      return (await call('GET experiments/get', { experiment_id: info['experiment_id'] }))['experiment']
    if (name === 'Run' && key === 'model_versions') {
      const filter = `run_id = '${String(info['run_id'])}'`
      return (await call('GET model-versions/search', { filter }))['model_versions']
    }
    return from[key]
  }

  return {
    root: async (field: Field): Promise<unknown> => {
      const query = Object.hasOwn(queries, field.name) ? queries[field.name] : undefined
      if (!query)
        throw mlflowErrors.INVALID(
          `Cannot query field '${field.name.slice(0, 50)}'. These are: ${Object.keys(queries).join(', ')}.`,
        )
      const input = field.args['input'] ?? {}
      if (typeof input !== 'object' || Array.isArray(input)) throw mlflowErrors.INVALID('input has to be an object.')
      const given = Object.fromEntries(Object.entries(input as Loose).map(([key, one]) => [snake(key), one]))
      return object(query[1], await call(query[0], given), field.fields)
    },
  }
}

import type { Http } from '../../kernel/http/index.ts'
import { mlflowErrors } from './errors.ts'
import { prefixes } from './rpc.ts'

const gateway = 'The gateway to language models is not there: call the models themselves, or a gateway of your own.'
const reviews =
  'Reviews of traces by people in queues are not there: assessments of traces are, and the inbox of Trivium.'
const judges = 'Judges and scorers are not run by the server: run them in your program, and log their assessments.'
const roles = 'Roles of MLflow are not kept: people hold roles of projects. See Settings → People, or `trivium people`.'

/** Families of calls that MLflow's server has and this one does not, and what a caller reads. A star stands for the rest of the path. */
const absent: readonly (readonly [path: string, what: string])[] = [
  ['gateway/*', gateway],
  ['gateway-proxy', gateway],
  ['runs/create-promptlab-run', gateway],
  ['label-schemas/*', reviews],
  ['review-queues/*', reviews],
  ['issues', reviews],
  ['issues/*', reviews],
  ['scorer/*', judges],
  ['genai/*', judges],
  ['unified-traces', judges],
  ['get-online-trace-details', judges],
  ['roles/*', roles],
  ['users/roles/*', roles],
  ['prompt-optimization/*', 'Prompts are not optimised by the server.'],
  ['jobs/*', 'Jobs of MLflow are not there: pipelines of Trivium run code.'],
  ['assistant/*', 'The assistant is not there.'],
  ['mcp-servers', 'The registry of MCP servers is not there.'],
  ['mcp-servers/*', 'The registry of MCP servers is not there.'],
  ['demo/*', 'Data to try things with come with `npm run demo`.'],
  ['upload-artifact', 'Files go up by PUT to `mlflow-artifacts/artifacts/…`.'],
  ['ui-telemetry', 'Nothing is told to anybody about how the server is used.'],
]

const outside: readonly (readonly [path: string, what: string])[] = [
  ['/ajax-api/3.0/jobs/*', 'Jobs of MLflow are not there: pipelines of Trivium run code.'],
  ['/gateway/*', gateway],
]

/** Clear answers to what is not there: 501 at once, which no client repeats. Who may not call at all learns not even that. */
export function absentCalls(app: Http): void {
  const all = [
    ...outside,
    ...absent.flatMap(([path, what]) => prefixes.map((one) => [`${one}/${path}`, what] as const)),
  ]
  for (const [url, what] of all) {
    app.route({
      method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
      url,
      config: { access: 'authenticated' },
      handler: async () => {
        throw mlflowErrors.NOT_IMPLEMENTED(what)
      },
    } as never)
  }
}

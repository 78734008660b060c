import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { type AppError, defineErrors } from '../../kernel/errors/index.ts'
import { errorOfRequest, sayWhen } from '../../kernel/http/index.ts'

const seeDocs = ' See the API docs for more information about request parameters.'

export const mlflowErrors = defineErrors('MLFLOW', {
  MISSING: { status: 400, message: (name: string) => `Missing value for required parameter '${name}'.${seeDocs}` },
  INVALID_VALUE: {
    status: 400,
    message: (name: string, value: unknown, hint: string) =>
      `Invalid value ${shortJson(value)} for parameter '${name}' supplied: ${hint}`,
  },
  INVALID: { status: 400, message: (why: string) => why },
  NOT_JSON: { status: 400, message: () => 'Bad Request. The body is not valid JSON.' },
  NO_CONTENT_TYPE: { status: 400, message: () => 'Bad Request. Content-Type header is missing.' },
  WRONG_CONTENT_TYPE: {
    status: 400,
    message: (type: string) => `Bad Request. Content-Type must be application/json, not ${type}.`,
  },
  NO_EXPERIMENT: {
    status: 422,
    message: () => 'The header x-mlflow-experiment-id is missing. It names the experiment that the spans belong to.',
  },
  BAD_SPAN: {
    status: 422,
    message: (why: string) => `Cannot convert OpenTelemetry span to MLflow span: ${why}.`,
  },
  TOO_LARGE: {
    status: 413,
    message: (most: number) =>
      `The body is larger than ${Math.round(most / 1e6)} MB when it is unpacked. Send fewer spans at once.`,
  },
  NO_USER: { status: 404, message: (name: string) => `User with username=${name} not found` },
  NOT_IMPLEMENTED: {
    status: 501,
    message: (what: string) => `${what} Trivium does not have it yet; tracking, registry and artifacts work.`,
  },
})

/** The type of a value in the words of MLflow's messages. */
export function typeHint(value: unknown): string {
  const name =
    value === null
      ? 'NoneType'
      : Array.isArray(value)
        ? 'list'
        : ({ string: 'str', boolean: 'bool', object: 'dict' }[typeof value as string] ??
          (Number.isInteger(value) ? 'int' : 'float'))
  return ` Hint: Value was of type '${name}'.${seeDocs}`
}

function shortJson(value: unknown): string {
  const text = JSON.stringify(value) ?? 'null'
  return text.length > 500 ? `${text.slice(0, 500)}…` : text
}

const byStatus: Record<number, string> = {
  400: 'INVALID_PARAMETER_VALUE',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'RESOURCE_DOES_NOT_EXIST',
  409: 'RESOURCE_CONFLICT',
  413: 'INVALID_PARAMETER_VALUE',
  429: 'REQUEST_LIMIT_EXCEEDED',
  501: 'NOT_IMPLEMENTED',
  503: 'TEMPORARILY_UNAVAILABLE',
  507: 'RESOURCE_EXHAUSTED',
}

type Details = Readonly<Record<string, unknown>>

/** MLflow's own sentences, which its users look for and its clients match; our API says the same in words of its own. */
const wordsOfMlflow: Readonly<Record<string, (details: Details) => string>> = {
  'TRACKING.EXPERIMENT_NOT_FOUND': ({ experiment }) => `No Experiment with id=${experiment} exists`,
  'TRACKING.EXPERIMENT_NAME_NOT_FOUND': ({ name }) => `Could not find experiment with name '${name}'`,
  'TRACKING.RUN_NOT_FOUND': ({ run }) => `Run with id=${run} not found`,
  'TRACKING.TAG_NOT_FOUND': ({ tag, run }) => `No tag with name: ${tag} in run with id ${run}`,
  'TRACKING.EXPERIMENT_TAG_NOT_FOUND': ({ tag, experiment }) =>
    `No tag with name: ${tag} in experiment with id ${experiment}`,
  'TRACKING.LOGGED_MODEL_NOT_FOUND': ({ loggedModel }) => `Logged model with ID '${loggedModel}' not found.`,
  'TRACKING.LOGGED_MODEL_TAG_NOT_FOUND': ({ tag, loggedModel }) =>
    `No tag found with key '${tag}' for model with ID '${loggedModel}'.`,
  'REGISTRY.MODEL_NOT_FOUND': ({ name }) => `Registered Model with name=${name} not found`,
  'REGISTRY.VERSION_NOT_FOUND': ({ name, version }) => `Model Version (name=${name}, version=${version}) not found`,
}

/** The message of an error in MLflow's words. */
export function mlflowMessageOf({ code, details, message }: AppError): string {
  const words = wordsOfMlflow[code]
  return words && details ? words(details) : message
}

/** What MLflow's database refuses, and not its checks. */
const badRequests: readonly string[] = ['TRACKING.NO_LOGGED_MODEL_FOR_METRIC', 'TRACKING.LOGGED_MODEL_POINT_TAKEN']

/** MLflow's name and status for one of our errors. Clients retry 408, 429, 500, 502, 503 and 504 for minutes, so a mistake of theirs is never one of these. */
export function mlflowErrorOf(error: AppError): { status: number; name: string } {
  if (error.code.endsWith('_EXISTS')) return { status: 400, name: 'RESOURCE_ALREADY_EXISTS' }
  if (badRequests.includes(error.code)) return { status: 400, name: 'BAD_REQUEST' }
  if (error.code === 'HTTP.ROUTE_NOT_FOUND') return { status: 404, name: 'ENDPOINT_NOT_FOUND' }
  return {
    status: error.status,
    name: byStatus[error.status] ?? (error.status < 500 ? 'BAD_REQUEST' : 'INTERNAL_ERROR'),
  }
}

/** Sends an error in MLflow's form. */
export function sendMlflowError(thrown: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const error = errorOfRequest(thrown, request)
  const { status, name } = mlflowErrorOf(error)
  if (error.status >= 500 && error.code === 'INTERNAL')
    request.log.error({ err: thrown, method: request.method, url: request.url.split('?')[0] }, 'request failed')
  if (status === 401) void reply.header('www-authenticate', 'Basic realm="mlflow"')
  sayWhen(error, reply)
  const message =
    status === 401
      ? `You are not authenticated. ${error.message}`
      : status === 403
        ? `Permission denied. ${error.message}`
        : mlflowMessageOf(error)
  return reply
    .status(status)
    .header('content-type', 'application/json; charset=utf-8')
    .send(JSON.stringify({ error_code: name, message, request_id: request.id, trivium_code: error.code }))
}

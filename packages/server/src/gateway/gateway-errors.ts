import { defineErrors } from '../kernel/errors/index.ts'

/** What a caller of the gateway may have done wrong, and what the gateway cannot do now. */
export const predictErrors = defineErrors('PREDICT', {
  INVALID: { status: 400, message: (why: string) => why },
  NO_NUMBER: {
    status: 400,
    message: (output: string, empty: string) =>
      `The model gave no number for "${output}".${empty ? ` It got no value for ${empty}, and it was not trained to do without.` : ''}`,
  },
  DEPLOYMENT_NOT_FOUND: {
    status: 404,
    message: (name: string, project: string) => `There is no deployment "${name}" in project "${project}".`,
  },
  VERSION_NOT_SERVED: {
    status: 404,
    message: (name: string, asked: string, served: number) => `"${name}" serves version ${served} now, not ${asked}.`,
  },
  ROUTE_NOT_FOUND: {
    status: 404,
    message: (method: string, path: string) => `The gateway has no route ${method} ${path}.`,
  },
  NOT_ONE: {
    status: 404,
    message: (count: number, project: string) =>
      count === 0
        ? `Project "${project}" has no deployment.`
        : `Project "${project}" has ${count} deployments: name one, as in /deployments/NAME/invocations.`,
  },
  RATE_LIMITED: {
    status: 429,
    message: (name: string, perMinute: number, seconds: number) =>
      `This token has made more than ${perMinute.toLocaleString('en-GB')} requests of "${name}" in a minute. Try again in ${seconds} s, send several rows in one request, or ask for a higher limit.`,
    details: (_name: string, _perMinute: number, seconds: number) => ({ retryAfter: seconds }),
  },
  NOT_READY: { status: 503, message: (name: string, why: string) => `Deployment "${name}" cannot answer: ${why}` },
  TOO_LARGE: {
    status: 413,
    message: (bytes: number) => `The body is larger than ${bytes} bytes. Send fewer rows at once.`,
  },
  MEDIA_TYPE: {
    status: 415,
    message: (type: string, wanted: string) => `Content type "${type}" is not read here; send ${wanted}.`,
  },
  OVERLOADED: {
    status: 503,
    message: (name: string) =>
      `Deployment "${name}" has more requests than it can answer. Send them slower, or several rows in one request.`,
  },
  STOPPING: { status: 503, message: () => 'The gateway is stopping. Try again in a moment.' },
})

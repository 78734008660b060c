import { defineErrors } from '../../kernel/errors/index.ts'

/** Mistakes that clients of traces make; those of filters have MLflow's words. */
export const traceErrors = defineErrors('TRACES', {
  SET_NOT_FOUND: { status: 404, message: (id: string) => `Evaluation dataset with id '${id}' not found` },
  BAD_RECORD: { status: 400, message: (why: string) => `The records are not taken: ${why}.` },
  TRACE_NOT_FOUND: {
    status: 404,
    message: (id: string) =>
      `Trace with ID '${id}' not found in this project. It may have been deleted, or belongs to another project.`,
    details: (id: string) => ({ trace: id }),
  },
  NOT_EXPORTED: {
    status: 404,
    message: (id: string) =>
      `Trace with ID ${id} is not fully exported yet, please try again later, or ask for what is there with allow_partial.`,
  },
  TAG_NOT_FOUND: {
    status: 404,
    message: (key: string, id: string) => `No trace tag with key '${key}' for trace with ID '${id}'`,
  },
  TAG_IS_FIXED: {
    status: 400,
    message: (key: string) => `Tag '${key}' is immutable: the server says there where the spans are.`,
  },
  ASSESSMENT_NOT_FOUND: {
    status: 404,
    message: (id: string, trace: string) => `Assessment with ID '${id}' not found for trace '${trace}'`,
  },
  EXPERIMENT_NOT_ACTIVE: {
    status: 400,
    message: (id: string) => `The experiment ${id} must be in the 'active' state. Current state is deleted.`,
  },
  SCORER_NOT_FOUND: {
    status: 404,
    message: (name: string, experiment: string, version?: number) =>
      `Scorer with name '${name.slice(0, 300)}'${version === undefined ? '' : ` and version ${version}`} not found for experiment ${experiment}.`,
  },
  NO_GATEWAY: { status: 404, message: (name: string) => `GatewayEndpoint not found (name='${name}')` },
  NO_ONLINE_SCORING: {
    status: 400,
    message: (name: string) =>
      `Scorer '${name.slice(0, 300)}' does not use a gateway model. Automatic evaluation is only supported for scorers that use gateway models.`,
  },
  TOO_MANY_SPANS: {
    status: 400,
    message: (id: string, most: number) =>
      `The trace ${id} would have more than ${most} spans. Split the work into several traces, or trace less of it.`,
  },
  TOO_MUCH_TO_READ: {
    status: 400,
    message: (most: number) =>
      `These traces hold more than ${Math.round(most / 1e6)} MB of spans. Read fewer of them at once.`,
  },
  PERSONAL_FILTER: {
    status: 403,
    message: () =>
      `What spans hold cannot be searched by who may not see the personal columns of this project. It needs data:read-personal; search by name, state, time or tags instead.`,
  },
  PERSONAL_FILE: {
    status: 403,
    message: (path: string) =>
      `The file ${path} of a trace may hold personal columns of this project. Reading it needs data:read-personal.`,
  },
  PERSONAL_DIGEST: {
    status: 403,
    message: () =>
      `A digest of traces or of evaluation datasets would tell what is in their personal columns. Comparing them in this project needs data:read-personal.`,
  },
  BAD_FILTER: { status: 400, message: (why: string) => why },
  BAD_PAGE_TOKEN: {
    status: 400,
    message: () => 'Invalid page token. Take the one that the page before returned, with the same filter and order.',
  },
  INVALID: { status: 400, message: (why: string) => why },
})

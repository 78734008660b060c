import { defineErrors } from '../../kernel/errors/index.ts'

/** The words are those that MLflow's users and clients know. */
export const trackingErrors = defineErrors('TRACKING', {
  EXPERIMENT_NOT_FOUND: { status: 404, message: (id: string) => `No Experiment with id=${id} exists` },
  EXPERIMENT_NAME_NOT_FOUND: {
    status: 404,
    message: (name: string) => `Could not find experiment with name '${name}'`,
  },
  EXPERIMENT_EXISTS: {
    status: 409,
    message: (name: string) =>
      `Experiment(name=${name}) already exists. Restore it if it was deleted, or choose another name.`,
  },
  EXPERIMENT_NOT_ACTIVE: {
    status: 400,
    message: (id: string) => `The experiment ${id} must be in the 'active' state. Current state is deleted.`,
  },
  RUN_NOT_FOUND: { status: 404, message: (id: string) => `Run with id=${id} not found` },
  RUN_NOT_ACTIVE: {
    status: 400,
    message: (id: string) => `The run ${id} must be in the 'active' state. Current state is deleted.`,
  },
  PARAM_CHANGED: {
    status: 400,
    message: (key: string, old: string, run: string, value: string) =>
      `Changing param values is not allowed. Param with key='${key}' was already logged with value='${old}' for run ID='${run}'. Attempted logging new value '${value}'.`,
  },
  DUPLICATE_PARAM: {
    status: 400,
    message: (keys: string) => `Duplicate parameter keys have been submitted: ${keys}. Send each key once.`,
  },
  TAG_NOT_FOUND: {
    status: 404,
    message: (key: string, run: string) => `No tag with name: ${key} in run with id ${run}`,
  },
  EXPERIMENT_TAG_NOT_FOUND: {
    status: 404,
    message: (key: string, id: string) => `No tag with name: ${key} in experiment with id ${id}`,
  },
  NAME_CONFLICT: {
    status: 400,
    message: (name: string, tag: string) =>
      `Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values (run_name='${name}', mlflow.runName='${tag}').`,
  },
  LOGGED_MODEL_NOT_FOUND: { status: 404, message: (id: string) => `Logged model with ID '${id}' not found.` },
  LOGGED_MODEL_TAG_NOT_FOUND: {
    status: 404,
    message: (key: string, id: string) => `No tag found with key '${key}' for model with ID '${id}'.`,
  },
  ARTIFACT_NOT_FOUND: { status: 404, message: (path: string) => `No file or directory "${path}" was logged.` },
  ARTIFACT_IS_DIRECTORY: {
    status: 400,
    message: (path: string) => `"${path}" is a directory; name one of its files.`,
  },
  BAD_ARTIFACT_PATH: {
    status: 400,
    message: (path: string) => `Invalid path: "${path}". Paths are relative, without "..", "." and empty parts.`,
  },
  ARTIFACT_IN_THE_WAY: {
    status: 400,
    message: (path: string, other: string) => `"${path}" cannot be a file and "${other}" one as well.`,
  },
  BAD_FILTER: { status: 400, message: (why: string) => why },
  BAD_ORDER: { status: 400, message: (why: string) => why },
  BAD_PAGE_TOKEN: {
    status: 400,
    message: () => 'Invalid page token. Take the one that the page before returned, with the same filter and order.',
  },
  INVALID: { status: 400, message: (why: string) => why },
})

import { defineErrors } from '../../kernel/errors/index.ts'

/** Mistakes that only MLflow clients can make have MLflow's words; for what was not found its protocol makes them from the details. */
export const trackingErrors = defineErrors('TRACKING', {
  EXPERIMENT_NOT_FOUND: {
    status: 404,
    message: (id: string) =>
      `There is no experiment ${id} in this project. The page Experiments and the command trivium experiments list show those that there are.`,
    details: (id: string) => ({ experiment: id }),
  },
  EXPERIMENT_NAME_NOT_FOUND: {
    status: 404,
    message: (name: string) =>
      `There is no experiment "${name}" in this project. It may have been renamed; the page Experiments and the command trivium experiments list show those that there are.`,
    details: (name: string) => ({ name }),
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
  EXPERIMENT_IS_REMOVED: {
    status: 409,
    message: (name: string) => `The experiment "${name}" is being removed for good, which cannot be taken back.`,
  },
  NOT_IN_TRASH: {
    status: 409,
    message: (what: string) => `${what} is not deleted. Only what is in the trash can be removed for good.`,
  },
  DEFAULT_STAYS: {
    status: 409,
    message: () =>
      'The experiment Default (0) cannot be removed, because clients log to it where none is named. Its runs can.',
  },
  IS_HELD: {
    status: 409,
    message: (what: string, by: string) =>
      `${what} is needed by ${by}, which was made from it. Delete that first, then remove this.`,
    details: (_what: string, by: string) => ({ heldBy: by }),
  },
  RUN_NOT_FOUND: {
    status: 404,
    message: (id: string) =>
      `There is no run ${id} in this project. Check the id and the project, or find the run by name on the page of its experiment.`,
    details: (id: string) => ({ run: id }),
  },
  RUN_NOT_ACTIVE: {
    status: 400,
    message: (id: string) => `The run ${id} must be in the 'active' state. Current state is deleted.`,
  },
  OTHER_RELEASE: {
    status: 409,
    message: () =>
      'A server of another release runs on this database; points move once all servers are of one release.',
  },
  RUN_NOT_ENDED: {
    status: 409,
    message: (id: string) => `The run ${id} has not ended; its metrics stay in the database until it has.`,
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
    message: (key: string, run: string) => `The run ${run} has no tag "${key}", so there is nothing to remove.`,
    details: (key: string, run: string) => ({ tag: key, run }),
  },
  EXPERIMENT_TAG_NOT_FOUND: {
    status: 404,
    message: (key: string, id: string) => `The experiment ${id} has no tag "${key}", so there is nothing to remove.`,
    details: (key: string, id: string) => ({ tag: key, experiment: id }),
  },
  NAME_CONFLICT: {
    status: 400,
    message: (name: string, tag: string) =>
      `Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values (run_name='${name}', mlflow.runName='${tag}').`,
  },
  LOGGED_MODEL_NOT_FOUND: {
    status: 404,
    message: (id: string) =>
      `There is no logged model ${id} in this project. The page of the run that logged it lists its models.`,
    details: (id: string) => ({ loggedModel: id }),
  },
  NO_LOGGED_MODEL_FOR_METRIC: {
    status: 400,
    message: (id: string) =>
      `A metric names the logged model ${id}, which is not there. Create it first, or log without it.`,
  },
  LOGGED_MODEL_POINT_TAKEN: {
    status: 400,
    message: (key: string, id: string, step: number, timestamp: number) =>
      `The logged model ${id} has another value of "${key}" for this run at step ${step} and time ${timestamp}. A point is written once; log it with another step or time.`,
  },
  LOGGED_MODEL_TAG_NOT_FOUND: {
    status: 404,
    message: (key: string, id: string) => `The logged model ${id} has no tag "${key}", so there is nothing to remove.`,
    details: (key: string, id: string) => ({ tag: key, loggedModel: id }),
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
  REFERENCE_TAKEN: {
    status: 409,
    message: (run: string, name: string) =>
      `Run ${run} refers to another content as "${name}" already. Choose another name, or remove the file trivium/references/${name}.json.`,
  },
  CONSOLE_GAP: {
    status: 409,
    message: (first: number, next: number) =>
      `The console has no line ${next} yet, and the request begins with line ${first}. Send the lines from ${next} on.`,
    details: (_first: number, next: number) => ({ next }),
  },
  BAD_HISTOGRAM: {
    status: 400,
    message: (index: number, key: string, step: number, why: string) =>
      `Histogram ${index} of the request ("${key}" at step ${step}) is none: ${why}. Nothing of the request was kept.`,
    details: (index: number, key: string, step: number) => ({ index, key, step }),
  },
  TOO_MANY_HISTOGRAM_KEYS: {
    status: 409,
    message: (most: number) =>
      `A run holds histograms under ${most} keys, and this would be more. Log those of the layers that matter.`,
  },
  TOO_MANY_HISTOGRAMS: {
    status: 409,
    message: (most: number) =>
      `A run holds ${Math.round(most / 1e6)} MB of histograms, and this would be more. Log them at fewer steps, or with fewer bins.`,
  },
  CHECKPOINT_NOT_FOUND: {
    status: 404,
    message: (uri: string, step: number) =>
      `The run has no checkpoint ${uri} of step ${step}. The route …/checkpoints and trivium experiments replay RUN --list show those that there are.`,
    details: (uri: string, step: number) => ({ checkpoint: uri, step }),
  },
  MEASURED_LIVE: {
    status: 409,
    message: (key: string, step: number) =>
      `"${key}" was measured at step ${step} while the run ran. A value that is computed afterwards does not stand beside it; recover it under another name.`,
    details: (key: string, step: number) => ({ key, step }),
  },
  RECOVERED_OTHERWISE: {
    status: 409,
    message: (key: string, step: number, value: string, checkpoint: string) =>
      `"${key}" was recovered at step ${step} already: ${value}, from ${checkpoint}. A point is written once; recover it under another name.`,
    details: (key: string, step: number) => ({ key, step }),
  },
  VIEW_NOT_FOUND: {
    status: 404,
    message: (id: string) =>
      `There is no view ${id} of yours in this project, and no shared one. trivium experiments views lists them.`,
  },
  TOO_MANY_VIEWS: {
    status: 409,
    message: (most: number) => `You have saved ${most} views in this project, the most there can be. Delete one first.`,
  },
  BAD_FILTER: {
    status: 400,
    message: (why: string, _at?: readonly [number, number]) => why,
    /** From which character of the filter to which it is wrong. */
    details: (_why: string, at?: readonly [number, number]) => (at ? { at } : {}),
  },
  BAD_ORDER: { status: 400, message: (why: string) => why },
  BAD_PAGE_TOKEN: {
    status: 400,
    message: () => 'Invalid page token. Take the one that the page before returned, with the same filter and order.',
  },
  INVALID: { status: 400, message: (why: string) => why },
})

import { defineErrors } from '../../kernel/errors/index.ts'

export const pipelineErrors = defineErrors('PIPELINES', {
  INVALID_DEFINITION: { status: 400, message: (problems: string) => problems },
  MISSING_FILES: {
    status: 400,
    message: (paths: string) =>
      `These files are in the manifest but their content was not uploaded: ${paths}. Upload it first (PUT …/blobs/DIGEST).`,
  },
  PIPELINE_NOT_FOUND: { status: 404, message: (name: string) => `There is no pipeline "${name}" in this project.` },
  VERSION_NOT_FOUND: {
    status: 404,
    message: (name: string, version: number) => `Pipeline "${name}" has no version ${version}.`,
  },
  RUN_NOT_FOUND: { status: 404, message: (id: string) => `There is no pipeline run "${id}" in this project.` },
  STEP_NOT_FOUND: { status: 404, message: (step: string, run: string) => `Run ${run} has no step "${step}".` },
  ATTEMPT_NOT_FOUND: {
    status: 404,
    message: (step: string, attempt: number) => `Step "${step}" has no attempt ${attempt}.`,
  },
  OUTPUT_NOT_FOUND: {
    status: 404,
    message: (step: string, output: string) => `Step "${step}" has no output "${output}" that can be downloaded.`,
  },
  UNKNOWN_PARAMETER: {
    status: 400,
    message: (name: string, pipeline: string, known: string) =>
      `Pipeline "${pipeline}" has no parameter "${name}". It has: ${known || 'none'}.`,
  },
  BAD_PARAMETER: {
    status: 400,
    message: (name: string, type: string, value: string) =>
      `Parameter "${name}" must be of type ${type}, not ${value}.`,
  },
  UNKNOWN_STATE: { status: 400, message: (state: string) => `There is no run state "${state}".` },
  BAD_PAGE_TOKEN: { status: 400, message: () => 'The page token is not one that this list returned.' },
  DATA_NOT_READY: {
    status: 409,
    message: (pipeline: string, why: string) =>
      `Pipeline "${pipeline}" starts only on data that are ready (its "requires"). ${why}`,
  },
  RUN_ENDED: { status: 409, message: (id: string, state: string) => `Run ${id} has ended already: ${state}.` },
  NOT_SAVED_AS: {
    status: 400,
    message: (url: string, name: string) => `The definition calls itself "${name}", but it was sent as "${url}".`,
  },
})

/** Why a step did not succeed: the codes that a step's `error` carries. */
export const stepErrors = defineErrors('PIPELINES', {
  NO_OWNERS: {
    status: 422,
    message: (step: string, input: string, dataset: string) =>
      `Step "${step}" cannot use dataset "${dataset}" (input "${input}") in a production pipeline: nobody is named as its producer, maintainer and owner of its quality. Declare "owners" with: trivium data declare ${dataset} FILE`,
  },
  STEP_FAILED: { status: 422, message: (step: string, why: string) => `Step "${step}" failed: ${why}` },
  TIMED_OUT: {
    status: 422,
    message: (step: string, seconds: number) => `Step "${step}" was stopped after its time limit of ${seconds} s.`,
  },
  LIMIT_EXCEEDED: {
    status: 422,
    message: (step: string, limit: string, most: string, mend: string) =>
      `Step "${step}" was ended at its limit of ${limit}${most}. ${mend}`,
  },
  CODE_REFUSED: { status: 409, message: (step: string, why: string) => `Step "${step}" did not run: ${why}` },
  OUTPUT_MISSING: {
    status: 422,
    message: (step: string, output: string, kind: string, hint: string) =>
      `Step "${step}" succeeded but did not write its output "${output}" (${kind}). ${hint}`,
  },
  OUTPUT_WRONG_KIND: {
    status: 422,
    message: (step: string, output: string, kind: string, found: string) =>
      `Output "${output}" of step "${step}" should be a ${kind}, but it is ${found}.`,
  },
  INPUT_UNRESOLVED: {
    status: 422,
    message: (step: string, input: string, reference: string, why: string) =>
      `Input "${input}" of step "${step}" (${reference}) cannot be resolved: ${why}`,
  },
  UNKNOWN_KIND: {
    status: 422,
    message: (step: string, kind: string) => `Step "${step}" is of kind "${kind}", which this server does not know.`,
  },
  CODE_MISSING: {
    status: 422,
    message: (module: string) =>
      `Module "${module}" is not among the code files of this pipeline. Add its path to "code".`,
  },
  SECRETS_REFUSED: {
    status: 422,
    message: (step: string, why: string) => `Step "${step}" is not given its secrets: ${why}`,
  },
  SECRET_IN_OUTPUT: {
    status: 422,
    message: (step: string, name: string) =>
      `Step "${step}" wrote the value of secret "${name}" into an output, which was not stored. Write it without the secret.`,
  },
  SERVER_STOPPED: { status: 503, message: () => 'The server stopped while this attempt ran.' },
  CANCELLED: { status: 409, message: (step: string) => `Step "${step}" was cancelled.` },
})

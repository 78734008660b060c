import { defineErrors } from '../../kernel/errors/index.ts'

export const registryErrors = defineErrors('REGISTRY', {
  MODEL_NOT_FOUND: {
    status: 404,
    message: (name: string) =>
      `There is no model "${name}" in this project. The page Models and the command trivium models list show those that there are; registering a version makes a new one.`,
    details: (name: string) => ({ name }),
  },
  MODEL_EXISTS: { status: 409, message: (name: string) => `Registered Model (name=${name}) already exists.` },
  BAD_NAME: {
    status: 400,
    message: (name: string) =>
      `Invalid model name '${name}'. Names cannot be empty, longer than 256 characters, or contain '/', ':' or control characters.`,
  },
  RENAME_HAS_VERSIONS: {
    status: 400,
    message: (name: string) =>
      `"${name}" has versions, which lineage and releases know by this name. Register the model under the new name instead.`,
  },
  VERSION_NOT_FOUND: {
    status: 404,
    message: (name: string, version: string | number) =>
      `The model "${name}" has no version ${version}. Its page and the command trivium models show ${name} list its versions.`,
    details: (name: string, version: string | number) => ({ name, version: String(version) }),
  },
  BAD_ALIAS: { status: 400, message: (why: string) => why },
  TAG_NOT_FOUND: {
    status: 404,
    message: (key: string, of: string) => `${of} has no tag "${key}", so there is nothing to remove.`,
    details: (key: string, of: string) => ({ tag: key, of }),
  },
  TAG_KEPT: {
    status: 400,
    message: (key: string) =>
      `The tag "${key}" says what was found in the files of the version when it was registered. It cannot be changed.`,
    details: (key: string) => ({ tag: key }),
  },
  NOT_SIGNED: {
    status: 404,
    message: (model: string, version: number) =>
      `${model} version ${version} was registered before this server signed models, so it has no signature. \`trivium models signature ${model}/${version} --sign\` makes it from the files as they are now.`,
  },
  BAD_REFERENCE: {
    status: 400,
    message: (text: string) =>
      `"${text}" names no model version. Write MODEL@ALIAS or MODEL/VERSION, such as arrival-delay@champion or arrival-delay/3.`,
  },
  REFERENCE_NOT_FOUND: {
    status: 404,
    message: (model: string, alias: string) => `Model "${model}" has no version or alias "${alias}".`,
  },
  BAD_SOURCE: {
    status: 400,
    message: (source: string) =>
      `Invalid model version source: '${source}'. A version is made from files that were logged here: runs:/RUN/PATH, models:/MODEL_ID, models:/NAME/VERSION, or an mlflow-artifacts: URI of a run or logged model of this project.`,
  },
  NO_FILES: {
    status: 400,
    message: (where: string) => `Nothing was logged at ${where}. Log the model first, then register it.`,
  },
  MODEL_FILE_BROKEN: { status: 400, message: (why: string) => `The MLmodel file cannot be read: ${why}` },
  EVIDENCE_DIGEST: {
    status: 400,
    message: (kind: string) =>
      `The evidence of kind "${kind}" was changed on its way: its digest is not that of its data. It was not attached.`,
  },
  EVIDENCE_BROKEN: {
    status: 409,
    message: (model: string, version: number, positions: string) =>
      `Evidence ${positions} of ${model} version ${version} is not what was attached. Restore the database from a backup; until then the version cannot be deployed.`,
  },
  NOT_DEPLOYABLE: {
    status: 409,
    message: (model: string, version: number, missing: string) =>
      `${model} version ${version} cannot be deployed. ${missing}`,
  },
  AGAINST_STRATEGY: {
    status: 400,
    message: (what: string, problems: string) =>
      `${what} is against the model strategy of this project. ${problems} \`trivium models strategy\` shows it.`,
  },
  ALIAS_PROTECTED: {
    status: 403,
    message: (alias: string, permission: string) =>
      `The alias "${alias}" is protected in this project: setting or removing it needs ${permission}. Ask somebody who has it; \`trivium models strategy\` shows what is protected.`,
    details: (alias: string, permission: string) => ({ alias, permission }),
  },
  NOT_APPROVED: {
    status: 409,
    message: (model: string, version: number, alias: string) =>
      `${model} version ${version} cannot get the alias "${alias}": the strategy asks for the approval of a person. Ask for it on the page of the version.`,
  },
  NOT_PROMOTABLE: {
    status: 409,
    message: (model: string, version: number, why: string) =>
      `${model} version ${version} cannot become champion. ${why}`,
  },
  BAD_PARITY: { status: 422, message: (why: string) => `The parity test cannot be made. ${why}` },
  NO_APPROVAL_NEEDED: {
    status: 409,
    message: (model: string, version: number) => `${model} version ${version} was approved already.`,
  },
})

import { defineErrors } from '../../kernel/errors/index.ts'

export const servingErrors = defineErrors('SERVING', {
  DEPLOYMENT_NOT_FOUND: { status: 404, message: (name: string) => `There is no deployment "${name}" in this project.` },
  RELEASE_NOT_FOUND: { status: 404, message: (id: string) => `There is no release "${id}" in this project.` },
  RELEASE_ELSEWHERE: {
    status: 400,
    message: (id: string, other: string, name: string) =>
      `Release ${id} belongs to deployment "${other}", not to "${name}".`,
  },
  NOTHING_BEFORE: {
    status: 409,
    message: (name: string) =>
      `Deployment "${name}" has no release before the current one. Name a release, or deploy another version.`,
  },
  NO_WORKING_STATE: {
    status: 409,
    message: (name: string, why: string) =>
      `Deployment "${name}" has no earlier state that is known to have worked. ${why} Name a release with \`trivium deployments rollback ${name} --release rel_…\` if you know better.`,
  },
  ALREADY_ACTIVE: {
    status: 409,
    message: (name: string, number: number) => `Deployment "${name}" serves release ${number} already.`,
  },
  RETIRED: {
    status: 409,
    message: (name: string) => `Deployment "${name}" is retired. Deploy a version to bring it back.`,
  },
  NOT_ONNX: {
    status: 409,
    message: (model: string, version: number) =>
      `Version ${version} of "${model}" has no ONNX file, and only ONNX models can be served so far. Log one with mlflow.onnx.log_model (skl2onnx exports scikit-learn pipelines) and register that.`,
  },
  BAD_FEATURES_TAG: {
    status: 400,
    message: (model: string, version: number, why: string) =>
      `The tag "trivium.features" of ${model} version ${version} is no list of feature bindings: ${why}`,
  },
  BAD_BINDING: { status: 400, message: (why: string) => why },
  GATEWAY_DOWN: { status: 503, message: (why: string) => `The gateway does not answer: ${why}` },
  NOT_LOADED: {
    status: 503,
    message: (name: string, why: string) => `The release is active, but the gateway cannot serve "${name}": ${why}`,
  },
  NO_DEPLOYMENT: {
    status: 404,
    message: (project: string) =>
      `Project "${project}" has no deployment. Make one with \`trivium deploy NAME --model MODEL@ALIAS\`.`,
  },
  STARTING: { status: 503, message: () => 'The gateway is starting. Try again in a moment.' },
})

import { defineErrors } from '../../kernel/errors/index.ts'

export const secretErrors = defineErrors('SECRETS', {
  NOT_FOUND: {
    status: 404,
    message: (name: string) =>
      `There is no secret "${name}" in this project. Set it under Settings, Secrets, or with \`trivium secrets set ${name}\`.`,
  },
  INSTANCE_NOT_FOUND: { status: 404, message: (name: string) => `The instance has no secret "${name}".` },
  NOT_OURS: {
    status: 403,
    message: (name: string) =>
      `Secret "${name}" belongs to the instance; an administrator of the instance changes it. Set one of the same name in the project to use that instead.`,
  },
  UNKNOWN_PROJECT: { status: 404, message: (name: string) => `Project "${name}" does not exist.` },
  IN_USE: {
    status: 409,
    message: (name: string, where: string) =>
      `Secret "${name}" is named by ${where}. Change what names it first, or remove the secret all the same with --force.`,
  },
  BAD_VALUE: {
    status: 422,
    message: (name: string) =>
      `The value of "${name}" holds a NUL character, which no environment variable can hold. Encode it, for example as base64.`,
  },
  TOO_MANY: { status: 422, message: (most: number) => `A project has at most ${most} secrets. Remove one first.` },
  IN_CONTENT: {
    status: 422,
    message: (name: string) =>
      `The content holds the value of secret "${name}" and was not stored. Write it without the secret.`,
  },
})

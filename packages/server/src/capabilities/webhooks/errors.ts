import { defineErrors } from '../../kernel/errors/index.ts'

export const webhookErrors = defineErrors('WEBHOOKS', {
  NOT_FOUND: { status: 404, message: (name: string) => `There is no webhook "${name}" in this project.` },
  NAME_TAKEN: {
    status: 409,
    message: (name: string) => `There is a webhook "${name}" already. Choose another name, or change that one.`,
  },
  TOO_MANY: { status: 422, message: (most: number) => `A project has at most ${most} webhooks. Remove one first.` },
  BAD_PAGE_TOKEN: { status: 400, message: () => 'The page token is not one that this list returned.' },
})

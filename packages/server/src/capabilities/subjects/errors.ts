import { defineErrors } from '../../kernel/errors/index.ts'

export const subjectErrors = defineErrors('SUBJECTS', {
  NOT_CONFIRMED: {
    status: 422,
    message: () => 'What was typed to confirm is not the id of the person. Type it once more; nothing was erased.',
  },
  NAMED_IN_REASON: {
    status: 422,
    message: () =>
      'The reason holds the id of the person. It is kept after the erasure: write the number of the request instead.',
  },
  ACCOUNT_NOT_FOUND: {
    status: 404,
    message: () =>
      'No user of this instance has that name, id or mail address. An account that was erased is known by its id alone.',
  },
})

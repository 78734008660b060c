import { emptyTrash, listDeletedModels, listTrash } from '@trivium/contract'
import { type Http, mount } from '../../../kernel/http/index.ts'
import { trackingErrors } from '../errors.ts'
import type { TrashPlace } from './find-trash.ts'
import type { Trash } from './trash.ts'

export function trashRoutes(app: Http, trash: Trash): void {
  mount(app, listTrash, 200, async ({ scope, query }) => {
    const limit = query.limit ?? 100
    const after = placeOf(query.page_token)
    const runs = await trash.runs(scope, { limit, ...(after ? { after } : {}) })
    const last = runs.length === limit ? runs.at(-1) : undefined
    return {
      keptDays: trash.keptDays,
      experiments: after ? [] : await trash.experiments(scope),
      runs,
      nextPageToken: last ? tokenOf({ at: last.deletedAt, id: last.id }) : null,
    }
  })
  mount(app, listDeletedModels, 200, async ({ scope, params, query }) => {
    const { limit = 100, page_token: after = '' } = query
    if (!/^[\w-]*$/.test(after)) throw trackingErrors.BAD_PAGE_TOKEN()
    const models = await trash.deletedModels(scope, params.experiment, { limit, after })
    return { models, nextPageToken: models.length === limit ? (models.at(-1) ?? null) : null }
  })
  mount(app, emptyTrash, 202, ({ scope, body }) => {
    const named = { experiments: body.experiments ?? [], runs: body.runs ?? [] }
    const names = named.experiments.length + named.runs.length
    if (body.all === true && names === 0) return trash.removeAll(scope)
    if (body.all === true || names === 0)
      throw trackingErrors.INVALID('Name experiments or runs that are to be removed for good, or send all: true.')
    return trash.remove(scope, named)
  })
}

const tokenOf = ({ at, id }: TrashPlace): string => Buffer.from(JSON.stringify([at, id])).toString('base64url')

function placeOf(token: string | undefined): TrashPlace | undefined {
  if (token === undefined || token === '') return undefined
  try {
    const [at, id] = JSON.parse(Buffer.from(token, 'base64url').toString()) as [unknown, unknown]
    if (typeof at === 'number' && Number.isSafeInteger(at) && typeof id === 'string') return { at, id }
  } catch {
    // Falls through to the error: it was not made here.
  }
  throw trackingErrors.BAD_PAGE_TOKEN()
}

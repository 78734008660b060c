import { Readable } from 'node:stream'
import type { Http } from '../../kernel/http/index.ts'
import { secretErrors } from './errors.ts'
import type { Secrets } from './secrets.ts'

/**
 * What the steps of a run send with the run's own token is masked before anything looks at it: parameters, tags, names, tables. Raw content cannot be
 * rewritten (its digest is its name), so that content with a secret in it is refused. Added before the routes that it is for.
 */
export function maskRunCalls(app: Http, secrets: Pick<Secrets, 'maskOfRun'>): void {
  app.addHook('preHandler', async (request) => {
    const { principal } = request
    if (principal?.run === undefined) return
    const mask = await secrets.maskOfRun(principal.homeProject, principal.run)
    if (!mask || mask.empty) return
    request.params = mask.json(request.params)
    request.query = mask.json(request.query)
    const { body } = request
    if (body instanceof Readable) request.body = mask.guard(body, (name) => secretErrors.IN_CONTENT(name))
    else if (body !== undefined && body !== null) request.body = mask.json(body)
  })
}

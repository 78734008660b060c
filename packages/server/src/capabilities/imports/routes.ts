import {
  addImportedFile,
  digestImportedContent,
  digestImportedRuns,
  findImportedRuns,
  finishImport,
  getImport,
  listImportedFiles,
  listImports,
  putImportedFile,
  sendImportBatch,
  startImport,
} from '@trivium/contract'
import { type Http, mount } from '../../kernel/http/index.ts'
import type { Uploads } from '../storage/index.ts'
import type { Imports } from './imports.ts'

export function importRoutes(
  app: Http,
  imports: Imports,
  { uploads }: { uploads: Pick<Uploads, 'requireDone'> },
): void {
  mount(app, listImports, 200, ({ scope, query }) => {
    const { limit = 100, page_token: after } = query
    return imports.list(scope, { limit, ...(after === undefined ? {} : { after }) })
  })
  mount(app, getImport, 200, ({ scope, params }) => imports.get(scope, params.import))
  mount(app, startImport, 200, ({ scope, body }) => imports.start(scope, body))
  mount(app, sendImportBatch, 200, ({ scope, params, body }) => imports.takeBatch(scope, params.import, body))
  mount(app, findImportedRuns, 200, async ({ scope, params, body }) => ({
    marks: await imports.known(scope, params.import, body.runs),
  }))
  mount(app, digestImportedRuns, 200, async ({ scope, params, body }) => ({
    runs: await imports.digests(scope, params.import, body.runs),
  }))
  mount(app, digestImportedContent, 200, ({ scope, params, body }) =>
    imports.contentDigests(scope, params.import, body),
  )
  mount(app, listImportedFiles, 200, async ({ scope, params, body }) => ({
    files: await imports.files(scope, params.import, body.owners),
  }))
  mount(app, putImportedFile, 200, ({ scope, params, query, body }) =>
    imports.putFile(scope, params.import, { ...query, content: body }),
  )
  mount(app, addImportedFile, 200, async ({ scope, params, body }) =>
    imports.putFile(scope, params.import, {
      owner: body.owner,
      path: body.path,
      content: await uploads.requireDone(scope, body.upload),
    }),
  )
  mount(app, finishImport, 200, ({ scope, params, body }) => imports.finish(scope, params.import, body))
}

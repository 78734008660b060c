import {
  addDatasetVersion,
  downloadDatasetVersion,
  getDataset,
  getDatasetVersion,
  listDatasets,
  listDatasetVersions,
  previewDatasetRows,
  setDatasetChecks,
} from '@trivium/contract'
import { type Http, mount } from '../../kernel/http/index.ts'
import type { Logger } from '../../kernel/logging/index.ts'
import type { BlobStore } from '../../kernel/ports/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import type { Uploads } from '../storage/index.ts'
import type { Datasets } from './datasets.ts'

export function datasetRoutes(
  app: Http,
  datasets: Datasets,
  {
    blobs,
    uploads,
    logger,
  }: {
    readonly blobs: Pick<BlobStore, 'localPath'>
    readonly uploads: Pick<Uploads, 'requireDone' | 'letGo'>
    readonly logger: Logger
  },
): void {
  /** The file of a finished upload in parts, on this machine. */
  const uploaded = async (scope: Scope, id: string): Promise<{ path: string }> => {
    const { digest } = await uploads.requireDone(scope, id)
    return { path: await blobs.localPath(scope.project, digest) }
  }
  mount(app, listDatasets, 200, ({ scope, query }) =>
    datasets.list(scope, {
      limit: query.limit ?? 100,
      ...(query.page_token === undefined ? {} : { after: query.page_token }),
    }),
  )
  mount(app, getDataset, 200, ({ scope, params }) => datasets.get(scope, params.dataset))
  mount(app, setDatasetChecks, 200, ({ scope, params, body }) => datasets.declare(scope, params.dataset, body))
  mount(app, listDatasetVersions, 200, ({ scope, params, query }) =>
    datasets.versions(scope, params.dataset, {
      limit: query.limit ?? 100,
      ...(query.page_token === undefined ? {} : { before: Number(query.page_token) }),
    }),
  )
  mount(app, getDatasetVersion, 200, ({ scope, params, query }) =>
    datasets.statistics(scope, params.dataset, params.version, query.compare_with),
  )
  mount(app, previewDatasetRows, 200, ({ scope, params, query }) =>
    datasets.preview(scope, params.dataset, params.version, query.limit ?? 50),
  )
  mount(app, addDatasetVersion, 200, async ({ scope, params, query, body }) => {
    const added = await datasets.add(scope, {
      name: params.dataset,
      content: query.upload === undefined ? body : await uploaded(scope, query.upload),
      format: query.format,
      mode: query.mode ?? 'replace',
      ...(query.event_time === undefined ? {} : { eventTime: query.event_time }),
      ...(query.note === undefined ? {} : { note: query.note }),
      ...(query.digest === undefined ? {} : { digest: query.digest }),
    })
    // What was sealed does not stay as it came.
    if (query.upload !== undefined && added.version.sealed.length > 0)
      uploads.letGo(scope, query.upload).catch((error: unknown) => {
        logger.warn({ err: error }, 'an upload with personal values stays until storage is collected')
      })
    return added
  })
  mount(app, downloadDatasetVersion, 200, async ({ scope, params, reply }) => {
    const stream = await datasets.download(scope, params.dataset, params.version)
    return reply
      .header('content-type', 'application/vnd.apache.parquet')
      .header(
        'content-disposition',
        `attachment; filename="${encodeURIComponent(params.dataset)}-v${params.version}.parquet"`,
      )
      .send(stream)
  })
}

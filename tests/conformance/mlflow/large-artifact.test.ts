import { createS3Place } from '@trivium/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ClientServer, ownPython, startClientServer } from './client-server.ts'

for (const store of ['local', 's3', 's3 with links'] as const) {
  describe(`large artifacts of the unmodified MLflow client, ${store}`, () => {
    let server: ClientServer
    let endpoint = ''

    beforeAll(async () => {
      const place = store === 'local' ? undefined : await createS3Place()
      endpoint = place?.endpoint ?? ''
      const links = store === 's3 with links'
      server = await startClientServer('sqlite', place ? { ...place.configuration, storageLinks: links } : {})
    }, 120_000)
    afterAll(() => server?.stop())

    test('go up in parts and come down in ranges, each part where the server says', async () => {
      const facts = await server.facts(ownPython, 'large_artifact.py', {
        MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD: 'true',
        MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD: 'true',
        MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE: '6000000',
        MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE: '5300000',
        MLFLOW_MULTIPART_DOWNLOAD_MINIMUM_FILE_SIZE: '6000000',
        MLFLOW_MULTIPART_DOWNLOAD_CHUNK_SIZE: '5300000',
      })
      expect(facts['same']).toBe(true)
      const place = store === 's3 with links' ? endpoint : `${server.url}/api/2.0/mlflow-artifacts/`
      expect(facts['puts'].filter((url: string) => url.startsWith(place)).length, facts['puts'].join('\n')).toBe(3)
      expect(facts['gets'].filter((url: string) => url.startsWith(place)).length).toBeGreaterThanOrEqual(3)
      expect(await server.get(`runs/${facts['run']}/artifacts?path=model`)).toMatchObject({
        entries: [{ path: 'model/weights.bin', size: 13_000_000, digest: facts['digest'] }],
      })
    }, 120_000)
  })
}

import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { loadConfig, type RunningServer, startServer } from '@trivium/server'
import { createS3Place } from '@trivium/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const run = promisify(execFile)
const token = 'token-of-the-mlflow-multipart-test'
const python = join(import.meta.dirname, '../../../.venv/bin/python')

for (const store of ['local', 's3', 's3 with links'] as const) {
  describe(`large artifacts of the unmodified MLflow client, ${store}`, () => {
    let server: RunningServer
    let data = ''
    let endpoint = ''

    beforeAll(async () => {
      data = await mkdtemp(join(tmpdir(), 'trivium-multipart-'))
      const flags: Record<string, unknown> = { data, port: 0, adminToken: token, logLevel: 'error' }
      if (store !== 'local') {
        const place = await createS3Place()
        endpoint = place.endpoint
        Object.assign(flags, place.configuration, { storageLinks: store === 's3 with links' })
      }
      server = await startServer(loadConfig({ flags, environment: {} }))
    }, 120_000)
    afterAll(async () => {
      await server?.stop()
      await rm(data, { recursive: true, force: true })
    })

    test('go up in parts and come down in ranges, each part where the server says', async () => {
      const { stdout } = await run(python, [join(import.meta.dirname, 'large_artifact.py')], {
        cwd: data,
        env: {
          PATH: process.env['PATH'] ?? '',
          HOME: data,
          MLFLOW_TRACKING_URI: server.url,
          MLFLOW_TRACKING_TOKEN: token,
          MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD: 'true',
          MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD: 'true',
          MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE: '6000000',
          MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE: '5300000',
          MLFLOW_MULTIPART_DOWNLOAD_MINIMUM_FILE_SIZE: '6000000',
          MLFLOW_MULTIPART_DOWNLOAD_CHUNK_SIZE: '5300000',
          GIT_PYTHON_REFRESH: 'quiet',
          MLFLOW_DISABLE_TELEMETRY: 'true',
          DO_NOT_TRACK: 'true',
        },
        maxBuffer: 10_000_000,
      })
      const facts = JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
      expect(facts.same).toBe(true)
      const place = store === 's3 with links' ? endpoint : `${server.url}/api/2.0/mlflow-artifacts/`
      expect(facts.puts.filter((url: string) => url.startsWith(place)).length, facts.puts.join('\n')).toBe(3)
      expect(facts.gets.filter((url: string) => url.startsWith(place)).length).toBeGreaterThanOrEqual(3)
      const listed = await fetch(`${server.url}/api/v1/projects/default/runs/${facts.run}/artifacts?path=model`, {
        headers: { authorization: `Bearer ${token}` },
      })
      expect(await listed.json()).toMatchObject({
        entries: [{ path: 'model/weights.bin', size: 13_000_000, digest: facts.digest }],
      })
    }, 120_000)
  })
}

import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { openAsBlob } from 'node:fs'
import { join, relative } from 'node:path'
import type { Route } from '@trivium/contract'
import { listMissingBlobs, savePipeline } from '@trivium/contract'
import { buildUrl, type createClient } from '@trivium/sdk'

export type Client = ReturnType<typeof createClient>

/** Sends a file as the body of a raw route. */
export async function sendFile(
  server: { url: string; token: string },
  route: Route,
  at: { params: Record<string, unknown>; query?: Record<string, unknown> },
  path: string,
): Promise<any> {
  const answer = await fetch(server.url + buildUrl(route.url, at.params, at.query ?? {}), {
    method: route.method,
    headers: { authorization: `Bearer ${server.token}`, 'content-type': 'application/octet-stream' },
    body: await openAsBlob(path),
  })
  const json: any = await answer.json()
  if (!answer.ok) throw new Error(`${route.schema.operationId}: ${json.detail}`)
  return json
}

/** Uploads the files of a pipeline's folder that the server does not have, then saves the definition. */
export async function savePipelineFolder(
  client: Client,
  server: { url: string; token: string },
  project: string,
  name: string,
  folder: string,
  yaml: string,
  extra: Readonly<Record<string, string>>,
): Promise<void> {
  const paths = { ...Object.fromEntries(filesBelow(folder).map((path) => [relative(folder, path), path])), ...extra }
  const digests = Object.fromEntries(
    Object.entries(paths).map(([key, path]) => [key, createHash('sha256').update(readFileSync(path)).digest('hex')]),
  )
  const { missing } = await client.call(listMissingBlobs, {
    params: { project },
    body: { digests: [...new Set(Object.values(digests))] },
  })
  for (const [key, digest] of Object.entries(digests)) {
    if (!missing.includes(digest)) continue
    const answer = await fetch(`${server.url}/api/v1/projects/${project}/blobs/${digest}`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${server.token}`, 'content-type': 'application/octet-stream' },
      body: readFileSync(paths[key] ?? ''),
    })
    if (!answer.ok) throw new Error(`Upload of ${key}: ${await answer.text()}`)
  }
  await client.call(savePipeline, {
    params: { project, pipeline: name },
    body: { yaml, path: 'pipeline.yaml', files: digests },
  })
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    if (name.startsWith('.') || name === '__pycache__') return []
    return statSync(path).isDirectory() ? filesBelow(path) : [path]
  })
}

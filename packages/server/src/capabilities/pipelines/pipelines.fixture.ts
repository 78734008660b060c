import { createHash } from 'node:crypto'
import type { PipelineRun, PipelineStepRun } from '@trivium/contract'

/** A client of a test world. */
interface Client {
  readonly scope: { readonly project: string }
  // biome-ignore lint: tests look into answers of every shape
  call(
    method: 'GET' | 'POST' | 'PUT',
    url: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<{ status: number; json: any; text: string }>
}

/** What a test saves: YAML, and files by path. */
export interface Bundle {
  readonly name: string
  readonly yaml: string
  readonly files?: Readonly<Record<string, string>>
}

const base = (client: Client): string => `/api/v1/projects/${client.scope.project}`

/** Uploads the files and saves the definition, as the CLI does. */
export async function savePipeline(client: Client, { name, yaml, files = {} }: Bundle) {
  const manifest: Record<string, string> = {}
  for (const [path, text] of Object.entries(files)) {
    const digest = createHash('sha256').update(text).digest('hex')
    const put = await client.call('PUT', `${base(client)}/blobs/${digest}`, Buffer.from(text), {
      'content-type': 'application/octet-stream',
    })
    if (put.status !== 200) throw new Error(`Upload of ${path}: ${put.text}`)
    manifest[path] = digest
  }
  return client.call('PUT', `${base(client)}/pipelines/${name}`, { yaml, files: manifest })
}

/** Saves, starts and waits for the end. */
export async function runPipeline(
  client: Client,
  bundle: Bundle,
  params: Record<string, unknown> = {},
): Promise<PipelineRun> {
  const saved = await savePipeline(client, bundle)
  if (saved.status !== 200) throw new Error(saved.text)
  return endOfRun(client, (await startRun(client, bundle.name, params)).id)
}

/** Starts a run of the newest version. */
export async function startRun(
  client: Client,
  name: string,
  params: Record<string, unknown> = {},
): Promise<PipelineRun> {
  const started = await client.call('POST', `${base(client)}/pipelines/${name}/runs`, { params })
  if (started.status !== 201) throw new Error(started.text)
  return started.json as PipelineRun
}

export async function readRun(client: Client, id: string): Promise<PipelineRun> {
  return (await client.call('GET', `${base(client)}/pipeline-runs/${id}`)).json as PipelineRun
}

/** Polls a run until `done` says so. */
export async function waitForRun(
  client: Client,
  id: string,
  done: (run: PipelineRun) => boolean,
  ms = 60_000,
): Promise<PipelineRun> {
  const until = Date.now() + ms
  for (;;) {
    const run = await readRun(client, id)
    if (done(run)) return run
    if (Date.now() > until)
      throw new Error(
        `Run ${id} did not get there: ${JSON.stringify(run.steps.map((s) => [s.name, s.state, s.reason]))}`,
      )
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

export const endOfRun = (client: Client, id: string): Promise<PipelineRun> =>
  waitForRun(client, id, (run) => !['queued', 'running', 'waiting'].includes(run.state))

export function stepOf(run: PipelineRun, name: string): PipelineStepRun {
  const step = run.steps.find((one) => one.name === name)
  if (!step) throw new Error(`Run ${run.id} has no step ${name}.`)
  return step
}

export const statesOf = (run: PipelineRun): Record<string, string> =>
  Object.fromEntries(run.steps.map((step) => [step.name, step.state]))

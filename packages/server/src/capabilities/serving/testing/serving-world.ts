import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Kernel } from '../../../kernel/kernel.ts'
import type { GatewayToken, PredictionRecord } from '../../../kernel/ports/index.ts'
import type { Scope } from '../../../kernel/principal/index.ts'
import type { Pipelines } from '../../pipelines/index.ts'
import type { Registry } from '../../registry/index.ts'
import type { Tracking } from '../../tracking/index.ts'
import { createServing, type OnlineViews, type Serving } from '../index.ts'

/** The parts of a test's world that serving is made of. */
interface World {
  readonly kernel: Kernel
  readonly capabilities: {
    readonly tracking: Tracking
    readonly registry: Registry
    readonly features: OnlineViews
    readonly pipelines: Pipelines
    readonly access: { tokenSnapshot(): Promise<GatewayToken[]> }
  }
}

const fixtures = join(import.meta.dirname, '../../../drivers/onnx/fixtures')

/** MLflow's description of a model whose matrix has named columns. */
const namedColumns = `flavors:
  onnx: {data: model.onnx}
signature:
  inputs: '[{"type": "double", "name": "distance"}, {"type": "double", "name": "hour"}, {"type": "double", "name": "recent_delay"}]'
`
const pythonOnly = 'flavors:\n  sklearn: {pickled_model: model.pkl}\n'

/** Logs a model's files to a run and registers them as the next version. */
export async function registerModel(
  { capabilities: { tracking, registry } }: World,
  scope: Scope,
  model: string,
  files: Readonly<Record<string, Buffer | string>>,
): Promise<void> {
  const run = await tracking.createRun(scope, { experiment: '0', name: model, user: '', startTime: 1, tags: [] })
  for (const [path, content] of Object.entries(files))
    await tracking.putArtifact(scope, { kind: 'run', id: run.id }, `model/${path}`, Buffer.from(content))
  const sourceText = `runs:/${run.id}/model`
  await registry.registerVersion(scope, { model, source: await registry.resolveSource(scope, sourceText), sourceText })
}

/** Registers the fixture models: `late` 1 and 2 over columns, `matrix`, `amount` with named columns, `zipmap` and `script` that cannot be served. */
export async function registerFixtures(world: World, scope: Scope): Promise<void> {
  const onnx = (name: string): Promise<Buffer> => readFile(join(fixtures, name))
  await registerModel(world, scope, 'late', { 'model.onnx': await onnx('columns.onnx') })
  await registerModel(world, scope, 'late', { 'model.onnx': await onnx('columns-2.onnx') })
  await registerModel(world, scope, 'matrix', { 'model.onnx': await onnx('matrix.onnx') })
  await registerModel(world, scope, 'amount', { 'model.onnx': await onnx('regression.onnx'), MLmodel: namedColumns })
  await registerModel(world, scope, 'zipmap', { 'model.onnx': await onnx('zipmap.onnx') })
  await registerModel(world, scope, 'broken', { 'model.onnx': 'this is no model' })
  await registerModel(world, scope, 'script', { 'model.pkl': 'pickle', MLmodel: pythonOnly })
}

/** A serving of its own over a world; several may follow each other on one data directory like main after main. */
export function startServing(world: World, program = 'test'): Serving {
  const { registry, features, access, pipelines } = world.capabilities
  return createServing({
    kernel: world.kernel,
    models: registry,
    views: features,
    parts: { registry, pipelines },
    tokens: () => access.tokenSnapshot(),
    program,
  })
}

/** Every whole line that the gateway wrote for a deployment, committed since or not, in the order of its segments. */
export async function recordsOf(world: World, project: string, deployment: string): Promise<PredictionRecord[]> {
  const directory = join(world.kernel.paths.ledgers, ...['predictions', project, deployment].map(encodeURIComponent))
  const files = existsSync(directory)
    ? (await readdir(directory, { recursive: true })).filter((name) => name.endsWith('.ndjson'))
    : []
  const texts = await Promise.all(files.toSorted().map((name) => readFile(join(directory, name), 'utf8')))
  return texts.flatMap((text) =>
    text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as PredictionRecord),
  )
}

/** A client of the gateway with one token. */
export function gatewayClient(serving: Serving | (() => Serving), token: string) {
  const url = (path: string): string => {
    const address = (typeof serving === 'function' ? serving() : serving).gatewayAddress()
    return `http://${address?.host}:${address?.port}${path}`
  }
  // biome-ignore lint: tests look into answers of every shape
  const call = async (
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; json: any; headers: Headers; bytes: Buffer }> => {
    const raw = typeof body === 'string' || body instanceof Uint8Array
    const response = await fetch(url(path), {
      method,
      headers: { authorization: `Bearer ${token}`, ...(raw ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: raw ? (body as string) : JSON.stringify(body) }),
    })
    const bytes = Buffer.from(await response.arrayBuffer())
    const text = bytes.toString()
    return {
      status: response.status,
      json: response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : undefined,
      headers: response.headers,
      bytes,
    }
  }
  return {
    call,
    post: (path: string, body: unknown, headers?: Record<string, string>) => call('POST', path, body, headers),
    get: (path: string) => call('GET', path),
  }
}

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { urn } from '../../../kernel/ids/index.ts'
import type { Kernel } from '../../../kernel/kernel.ts'
import { ledgerStreams, pendingLedger } from '../../../kernel/ledger/index.ts'
import type { GatewayToken, PredictionRecord } from '../../../kernel/ports/index.ts'
import {
  createServing,
  type DeployableModel,
  type DeployableModels,
  type OnlineViews,
  type Serving,
  servingErrors,
} from '../index.ts'

/** The parts of a test's world that serving is made of. */
interface World {
  readonly kernel: Kernel
  readonly capabilities: {
    readonly features: OnlineViews
    readonly access: { tokenSnapshot(): Promise<GatewayToken[]> }
  }
}

const fixtures = join(import.meta.dirname, '../../../drivers/onnx/fixtures')

/** A registry of fixture files: `late/1` is columns.onnx, and so on. Anything that the registry would refuse is refused with its reason. */
export async function fixtureModels(
  world: World,
  project: string,
): Promise<DeployableModels & { tag(reference: string, tags: Record<string, string>): void }> {
  const known = new Map<string, DeployableModel>()
  const add = async (
    model: string,
    version: number,
    file: string,
    more: Partial<DeployableModel> = {},
  ): Promise<void> => {
    const { digest, size } = await world.kernel.blobs.put(project, await readFile(join(fixtures, file)))
    known.set(`${model}/${version}`, {
      urn: urn(project, 'model', model, version),
      model,
      version,
      files: { [file]: { digest, size } },
      onnxPath: file.endsWith('.onnx') ? file : undefined,
      tags: {},
      evidence: ['e'.repeat(64)],
      ...more,
    })
  }
  await add('late', 1, 'columns.onnx')
  await add('late', 2, 'columns-2.onnx')
  await add('matrix', 1, 'matrix.onnx')
  await add('amount', 1, 'regression.onnx', {
    signature: {
      inputs: ['distance', 'hour', 'recent_delay'].map((name) => ({
        name,
        type: 'double',
        required: true,
        shape: null,
      })),
      outputs: [],
      params: [],
    },
  })
  await add('zipmap', 1, 'zipmap.onnx')
  await add('script', 1, 'make.py')
  return {
    requireDeployable: async (_scope, reference) => {
      const model = known.get(reference)
      if (!model) throw servingErrors.BAD_BINDING(`no model ${reference}`)
      return model
    },
    tag: (reference, tags) => {
      const model = known.get(reference)
      if (model) known.set(reference, { ...model, tags })
    },
  }
}

/** A serving of its own over a world, with fixture models; several may follow each other on one data directory like main after main. */
export function startServing(world: World, models: DeployableModels, program = 'test'): Serving {
  return createServing({
    kernel: world.kernel,
    models,
    views: world.capabilities.features,
    tokens: () => world.capabilities.access.tokenSnapshot(),
    program,
  })
}

/** Everything that the gateway wrote for a deployment. */
export async function recordsOf(world: World, project: string, deployment: string): Promise<PredictionRecord[]> {
  const root = world.kernel.paths.ledgers
  const streams = await ledgerStreams(root, ['predictions', project], 1)
  const records: PredictionRecord[] = []
  for (const stream of streams.filter((one) => one[2] === deployment)) {
    for await (const batch of pendingLedger({ db: world.kernel.db.read, root, stream })) {
      for (const line of batch.lines.toString().trim().split('\n')) records.push(JSON.parse(line))
    }
  }
  return records
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

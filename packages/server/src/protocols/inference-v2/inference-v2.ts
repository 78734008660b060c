import type { AppError } from '../../kernel/errors/index.ts'
import { type LiveDeployment, requireVersion } from '../../gateway/deployments.ts'
import type { Answered } from '../../gateway/predict.ts'
import type { WireAnswer, WireProtocol } from '../../gateway/wire-protocol.ts'
import { readInfer, type WantedAnswer } from './read-infer.ts'
import { toBinary, toJson } from './tensor-codec.ts'

/** The Open Inference Protocol V2 over REST, with the binary tensor extension. A model is a deployment of the token's project. */
export function createInferenceV2({ version }: { version: string }): WireProtocol {
  const server = { name: 'trivium', version, extensions: ['binary_tensor_data'] }
  return {
    match: (method, path) => {
      if (method === 'GET' && (path === '/v2' || path === '/v2/')) return { kind: 'read', answer: () => json(server) }
      // Clients read either word from either path, so both have both.
      if (method === 'GET' && (path === '/v2/health/live' || path === '/v2/health/ready'))
        return { kind: 'read', answer: () => json({ live: true, ready: true }) }
      const [, model, modelVersion, action] =
        /^\/v2\/models\/([^/]+)(?:\/versions\/([^/]+))?(?:\/(infer|ready))?$/.exec(path) ?? []
      if (model === undefined) return undefined
      const name = decodeURIComponent(model)
      if (action === 'infer') {
        if (method !== 'POST') return undefined
        return {
          kind: 'predict',
          name,
          ...(modelVersion === undefined ? {} : { version: modelVersion }),
          decode: (request, deployment) => {
            const { rows, wanted } = readInfer(request, deployment)
            return { rows, encode: (answered) => encodeAnswer(answered, wanted) }
          },
        }
      }
      if (method !== 'GET') return undefined
      return {
        kind: 'read',
        answer: (deployments, caller) => {
          const deployment = deployments.require(caller.project, name)
          requireVersion(deployment, modelVersion)
          return action === 'ready' ? json({ name, ready: true }) : json(metadataOf(deployment))
        },
      }
    },
    owns: (path) => path === '/v2' || path.startsWith('/v2/'),
    error: (error: AppError) => ({
      status: error.status,
      type: 'application/json',
      body: JSON.stringify({ error: error.message }),
    }),
  }
}

// Some clients compare the content type as a whole: no charset behind it.
const json = (body: unknown): WireAnswer => ({ status: 200, type: 'application/json', body: JSON.stringify(body) })

function metadataOf({ name, live }: LiveDeployment): unknown {
  const { signature, version } = live.release.manifest
  return {
    name,
    versions: [String(version)],
    platform: 'onnxruntime_onnx',
    inputs: live.plan.tensors,
    outputs: signature.outputs,
  }
}

function encodeAnswer({ deployment, ids, outputs }: Answered, wanted: WantedAnswer): WireAnswer {
  const { release } = deployment.live
  const chosen = wanted.outputs ?? outputs.map(({ name }) => ({ name, binary: wanted.binary }))
  const parts: Buffer[] = []
  const tensors = chosen.flatMap(({ name, binary }): Record<string, unknown>[] => {
    const output = outputs.find((one) => one.name === name)
    if (!output) return []
    const { datatype, shape, data } = output
    if (!binary) return [{ name, datatype, shape, data: toJson(datatype, data) }]
    const bytes = toBinary(datatype, data)
    parts.push(bytes)
    return [{ name, datatype, shape, parameters: { binary_data_size: bytes.length } }]
  })
  const head = JSON.stringify({
    model_name: deployment.name,
    model_version: String(release.manifest.version),
    ...(wanted.id === undefined ? {} : { id: wanted.id }),
    parameters: { release: release.id, prediction_ids: ids.join(',') },
    outputs: tensors,
  })
  if (parts.length === 0) return { status: 200, type: 'application/json', body: head }
  const header = Buffer.from(head)
  return {
    status: 200,
    type: 'application/octet-stream',
    body: Buffer.concat([header, ...parts]),
    headers: { 'inference-header-content-length': String(header.length) },
  }
}

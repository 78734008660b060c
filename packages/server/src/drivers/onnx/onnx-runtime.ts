import { readFile } from 'node:fs/promises'
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import { modelErrors } from '../../kernel/ports/model-errors.ts'
import type { LoadedModel, ModelRuntime, ModelSignature, Tensor, TensorSpec } from '../../kernel/ports/model-runtime.ts'
import { datatypeOf, ortTypes, type Datatype } from './datatypes.ts'

/**
 * ONNX Runtime in this process. One thread a session: for tables more threads lower the throughput and worsen the tail. The file is read as bytes, so that
 * a model cannot name other files of this machine as its weights.
 */
export function createOnnxRuntime({ intraOpThreads = 1 }: { intraOpThreads?: number } = {}): ModelRuntime {
  return {
    format: 'onnx',
    load: async (path) => {
      const session = await open(path, intraOpThreads)
      try {
        return loaded(session, signatureOf(session))
      } catch (error) {
        await session.release()
        throw error
      }
    },
  }
}

async function open(path: string, intraOpThreads: number): Promise<InferenceSession> {
  const bytes = await readFile(path)
  try {
    return await InferenceSession.create(bytes, {
      intraOpNumThreads: intraOpThreads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      logSeverityLevel: 4,
    })
  } catch (error) {
    throw modelErrors.NOT_READABLE(reasonOf(error))
  }
}

function signatureOf(session: InferenceSession): ModelSignature {
  const describe = (metadata: InferenceSession.ValueMetadata): TensorSpec => {
    if (!metadata.isTensor) throw modelErrors.NOT_TENSOR(metadata.name)
    const datatype = datatypeOf(metadata.type)
    if (!datatype) throw modelErrors.UNSUPPORTED_TYPE(metadata.name, metadata.type)
    return {
      name: metadata.name,
      datatype,
      shape: metadata.shape.map((size) => (typeof size === 'number' && size >= 0 ? size : -1)),
    }
  }
  return { inputs: session.inputMetadata.map(describe), outputs: session.outputMetadata.map(describe) }
}

function loaded(session: InferenceSession, signature: ModelSignature): LoadedModel {
  return {
    signature,
    run: async (inputs) => {
      const feeds: Record<string, OrtTensor> = {}
      for (const { name } of signature.inputs) {
        const input = inputs.get(name)
        if (!input) throw modelErrors.RUN_FAILED(`input "${name}" is missing`)
        feeds[name] = new OrtTensor(ortTypes[input.datatype as Datatype], input.data as never, input.shape)
      }
      const results = await session.run(feeds).catch((error: unknown) => {
        throw modelErrors.RUN_FAILED(reasonOf(error))
      })
      const outputs = new Map<string, Tensor>()
      for (const spec of signature.outputs) {
        const result = results[spec.name]
        if (result)
          outputs.set(spec.name, {
            name: spec.name,
            datatype: spec.datatype,
            shape: result.dims,
            data: result.data as Tensor['data'],
          })
      }
      return outputs
    },
    close: () => session.release(),
  }
}

/** What ONNX Runtime said, in one line and without addresses of its sources. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/\/\S+\.(?:cc|h|cpp)(?::\d+)?/g, '')
    .trim()
    .slice(0, 500)
}

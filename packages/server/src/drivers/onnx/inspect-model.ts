import { rowWidth } from '../../kernel/models/index.ts'
import { AppError } from '../../kernel/errors/index.ts'
import type { ModelSignature, Tensor } from '../../kernel/ports/model-runtime.ts'
import { allocate } from './datatypes.ts'
import { createOnnxRuntime } from './onnx-runtime.ts'

/** Reads the signature of a model file and runs the model once on zeros, so that a file that breaks the runtime breaks it here. */
export async function inspectModel(modelPath: string): Promise<ModelSignature> {
  const model = await createOnnxRuntime().load(modelPath)
  try {
    const inputs = new Map<string, Tensor>()
    for (const spec of model.signature.inputs) {
      const width = rowWidth(spec)
      if (width === undefined) return model.signature
      const shape = spec.shape.map((size) => (size === -1 ? 1 : size))
      inputs.set(spec.name, {
        ...spec,
        shape,
        data: allocate(
          spec.datatype,
          shape.reduce((product, size) => product * size, 1),
        ),
      })
    }
    await model.run(inputs)
  } catch (error) {
    // Zeros may lie outside what the model takes; only a crash matters here.
    if (!(error instanceof AppError)) throw error
  } finally {
    await model.close()
  }
  return model.signature
}

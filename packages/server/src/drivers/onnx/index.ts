export { createBatchScorer } from './batch-scorer.ts'
export { createOnnxRuntime } from './onnx-runtime.ts'

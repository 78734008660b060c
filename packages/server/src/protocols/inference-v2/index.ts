export { createInferenceV2 } from './inference-v2.ts'

/** Keeps secrets out of what programs write: logs, errors, answers, files. */
export type { LineMask } from './line-mask.ts'
export { createMask, type Mask, type MaskedSecret } from './mask.ts'

import { accessDefences } from './access-defences.ts'
import { codeDefences } from './code-defences.ts'
import { dataDefences } from './data-defences.ts'
import type { Defence } from './defence.ts'
import { edgeDefences } from './edge-defences.ts'
import { mlflowDefences } from './mlflow-defences.ts'
import { modelDefences } from './model-defences.ts'
import { outsideDefences } from './outside-defences.ts'
import { researchDefences } from './research-defences.ts'

/** Every defence that is named, each with the tests that fail without it. */
export const defences: readonly Defence[] = [
  ...accessDefences,
  ...edgeDefences,
  ...dataDefences,
  ...outsideDefences,
  ...codeDefences,
  ...mlflowDefences,
  ...modelDefences,
  ...researchDefences,
]

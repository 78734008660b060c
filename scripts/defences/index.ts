import { accessDefences } from './access-defences.ts'
import { codeDefences } from './code-defences.ts'
import { dataDefences } from './data-defences.ts'
import type { Defence } from './defence.ts'
import { edgeDefences } from './edge-defences.ts'
import { foreignDefences } from './foreign-defences.ts'
import { mlflowDefences } from './mlflow-defences.ts'
import { modelDefences } from './model-defences.ts'
import { outsideDefences } from './outside-defences.ts'
import { placeDefences } from './place-defences.ts'
import { projectDefences } from './project-defences.ts'
import { reportDefences } from './report-defences.ts'
import { researchDefences } from './research-defences.ts'
import { runRecordDefences } from './run-record-defences.ts'
import { subjectDefences } from './subject-defences.ts'
import { traceDefences } from './trace-defences.ts'

/** Every defence that is named, each with the tests that fail without it. */
export const defences: readonly Defence[] = [
  ...accessDefences,
  ...edgeDefences,
  ...dataDefences,
  ...outsideDefences,
  ...codeDefences,
  ...mlflowDefences,
  ...modelDefences,
  ...runRecordDefences,
  ...reportDefences,
  ...researchDefences,
  ...subjectDefences,
  ...traceDefences,
  ...foreignDefences,
  ...projectDefences,
  ...placeDefences,
]

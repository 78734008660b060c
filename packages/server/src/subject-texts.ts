import { accessTexts } from './capabilities/access/index.ts'
import { datasetsTexts } from './capabilities/datasets/index.ts'
import { evaluationTexts } from './capabilities/evaluation/index.ts'
import { explorationTexts } from './capabilities/exploration/index.ts'
import { featuresTexts } from './capabilities/features/index.ts'
import { importsTexts } from './capabilities/imports/index.ts'
import { inboxTexts } from './capabilities/inbox/index.ts'
import { lineageTexts } from './capabilities/lineage/index.ts'
import { monitoringTexts } from './capabilities/monitoring/index.ts'
import { operationsTexts } from './capabilities/operations/index.ts'
import { pipelinesTexts } from './capabilities/pipelines/index.ts'
import { registryTexts } from './capabilities/registry/index.ts'
import { reportsTexts } from './capabilities/reports/index.ts'
import { secretsTexts } from './capabilities/secrets/index.ts'
import { servingTexts } from './capabilities/serving/index.ts'
import { storageTexts } from './capabilities/storage/index.ts'
import { tracesTexts } from './capabilities/traces/index.ts'
import { trackingTexts } from './capabilities/tracking/index.ts'
import { webhooksTexts } from './capabilities/webhooks/index.ts'
import { kernelTexts } from './capabilities/subjects/index.ts'
import type { SubjectTexts } from './kernel/ports/index.ts'

/** The texts of every capability, which an erasure searches for the names of a person; lower floors first. */
export const subjectTexts: readonly SubjectTexts[] = [
  kernelTexts,
  accessTexts,
  inboxTexts,
  secretsTexts,
  storageTexts,
  lineageTexts,
  webhooksTexts,
  datasetsTexts,
  trackingTexts,
  tracesTexts,
  featuresTexts,
  pipelinesTexts,
  evaluationTexts,
  registryTexts,
  importsTexts,
  servingTexts,
  explorationTexts,
  monitoringTexts,
  reportsTexts,
  operationsTexts,
]

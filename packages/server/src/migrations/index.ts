import type { Migration } from '../kernel/db/index.ts'
import { kernel } from './0001-kernel.ts'
import { access } from './0002-access.ts'
import { inbox } from './0010-inbox.ts'
import { lineage } from './0011-lineage.ts'
import { datasets } from './0020-datasets.ts'
import { outcomes } from './0030-outcomes.ts'
import { tracking } from './0031-tracking.ts'
import { features } from './0032-features.ts'
import { evaluation } from './0040-evaluation.ts'
import { pipelines } from './0041-pipelines.ts'
import { registry } from './0050-registry.ts'
import { serving } from './0060-serving.ts'
import { monitoring } from './0070-monitoring.ts'
import { operations } from './0080-operations.ts'
import { datasetDeclaration } from './0090-dataset-declaration.ts'
import { jobs } from './0091-jobs.ts'
import { inboxAssignee } from './0092-inbox-assignee.ts'
import { pipelineQueue } from './0093-pipeline-queue.ts'
import { eventChain } from './0094-event-chain.ts'
import { webhooks } from './0095-webhooks.ts'
import { windowDetails } from './0095-window-details.ts'
import { modelStrategy } from './0096-model-strategy.ts'
import { accessLog } from './0097-access-log.ts'
import { labelDelay } from './0098-label-delay.ts'
import { storage } from './0098-storage.ts'
import { deploymentLimit } from './0099-deployment-limit.ts'
import { modelNotes } from './0100-model-notes.ts'
import { replicas } from './0101-replicas.ts'
import { signIn } from './0103-sign-in.ts'
import { permissions } from './0106-permissions.ts'
import { secrets } from './0110-secrets.ts'
import { eventArchive } from './0112-event-archive.ts'
import { storageScrub } from './0113-storage-scrub.ts'
import { quotas } from './0116-quotas.ts'
import { jobTrace } from './0119-job-trace.ts'
import { subjectKeys } from './0120-subject-keys.ts'
import { datasetRedactions } from './0121-dataset-redactions.ts'
import { erasures } from './0123-erasures.ts'
import { blobChunks } from './0127-blob-chunks.ts'
import { uploads } from './0128-uploads.ts'
import { connections } from './0129-connections.ts'
import { stepBoundary } from './0129-step-boundary.ts'
import { erasedKeys } from './0130-erased-keys.ts'
import { eventWaiting } from './0132-event-waiting.ts'
import { runSearch } from './0134-run-search.ts'
import { runViews } from './0135-run-views.ts'
import { traces } from './0136-traces.ts'
import { mlflowWebhooks } from './0138-mlflow-webhooks.ts'
import { imports } from './0140-imports.ts'
import { modelProvenance } from './0142-model-provenance.ts'
import { modelSearch } from './0143-model-search.ts'
import { runTrash } from './0145-run-trash.ts'
import { loggedModelTrash } from './0146-logged-model-trash.ts'
import { metricArchive } from './0147-metric-archive.ts'
import { runConsole } from './0149-run-console.ts'
import { runArchive } from './0150-run-archive.ts'
import { exploration } from './0151-exploration.ts'
import { runViewLayout } from './0154-run-view-layout.ts'
import { reports } from './0155-reports.ts'
import { modelUse } from './0156-model-use.ts'
import { modelParity } from './0157-model-parity.ts'
import { eventsOfUse } from './0158-events-of-use.ts'
import { valueIndex } from './0160-value-index.ts'
import { erasedTexts } from './0162-erased-texts.ts'
import { evaluationSets } from './0159-evaluation-sets.ts'
import { dataSheets } from './0164-data-sheets.ts'
import { archivePolicy } from './0165-archive-policy.ts'
import { reportAnchors } from './0166-report-anchors.ts'
import { scorers } from './0168-scorers.ts'
import { modelNames } from './0169-model-names.ts'
import { loggedModelPoints } from './0170-logged-model-points.ts'
import { baselines } from './0172-baselines.ts'
import { codeForks } from './0173-code-forks.ts'
import { spanUsage } from './0174-span-usage.ts'
import { inboxSubject } from './0175-inbox-subject.ts'
import { contentPlaces } from './0176-content-places.ts'
import { runHistograms } from './0178-run-histograms.ts'
import { recoveredPoints } from './0179-recovered-points.ts'

/** The one ordered list. A migration that has been released is never changed; its name is what the database remembers. */
export const migrations: readonly (readonly [string, Migration])[] = [
  ['0001-kernel', kernel],
  ['0002-access', access],
  ['0010-inbox', inbox],
  ['0011-lineage', lineage],
  ['0020-datasets', datasets],
  ['0030-outcomes', outcomes],
  ['0031-tracking', tracking],
  ['0032-features', features],
  ['0040-evaluation', evaluation],
  ['0041-pipelines', pipelines],
  ['0050-registry', registry],
  ['0060-serving', serving],
  ['0070-monitoring', monitoring],
  ['0080-operations', operations],
  ['0090-dataset-declaration', datasetDeclaration],
  ['0091-jobs', jobs],
  ['0092-inbox-assignee', inboxAssignee],
  ['0093-pipeline-queue', pipelineQueue],
  ['0094-event-chain', eventChain],
  ['0095-webhooks', webhooks],
  ['0095-window-details', windowDetails],
  ['0096-model-strategy', modelStrategy],
  ['0097-access-log', accessLog],
  ['0098-label-delay', labelDelay],
  ['0098-storage', storage],
  ['0099-deployment-limit', deploymentLimit],
  ['0100-model-notes', modelNotes],
  ['0101-replicas', replicas],
  ['0103-sign-in', signIn],
  ['0106-permissions', permissions],
  ['0110-secrets', secrets],
  ['0112-event-archive', eventArchive],
  ['0113-storage-scrub', storageScrub],
  ['0116-quotas', quotas],
  ['0119-job-trace', jobTrace],
  ['0120-subject-keys', subjectKeys],
  ['0121-dataset-redactions', datasetRedactions],
  ['0123-erasures', erasures],
  ['0127-blob-chunks', blobChunks],
  ['0128-uploads', uploads],
  ['0129-connections', connections],
  ['0129-step-boundary', stepBoundary],
  ['0130-erased-keys', erasedKeys],
  ['0132-event-waiting', eventWaiting],
  ['0134-run-search', runSearch],
  ['0135-run-views', runViews],
  ['0136-traces', traces],
  ['0138-mlflow-webhooks', mlflowWebhooks],
  ['0140-imports', imports],
  ['0142-model-provenance', modelProvenance],
  ['0143-model-search', modelSearch],
  ['0145-run-trash', runTrash],
  ['0146-logged-model-trash', loggedModelTrash],
  ['0147-metric-archive', metricArchive],
  ['0149-run-console', runConsole],
  ['0150-run-archive', runArchive],
  ['0151-exploration', exploration],
  ['0154-run-view-layout', runViewLayout],
  ['0155-reports', reports],
  ['0156-model-use', modelUse],
  ['0157-model-parity', modelParity],
  ['0158-events-of-use', eventsOfUse],
  ['0159-evaluation-sets', evaluationSets],
  ['0160-value-index', valueIndex],
  ['0162-erased-texts', erasedTexts],
  ['0164-data-sheets', dataSheets],
  ['0165-archive-policy', archivePolicy],
  ['0166-report-anchors', reportAnchors],
  ['0168-scorers', scorers],
  ['0169-model-names', modelNames],
  ['0170-logged-model-points', loggedModelPoints],
  ['0172-baselines', baselines],
  ['0173-code-forks', codeForks],
  ['0174-span-usage', spanUsage],
  ['0175-inbox-subject', inboxSubject],
  ['0176-content-places', contentPlaces],
  ['0178-run-histograms', runHistograms],
  ['0179-recovered-points', recoveredPoints],
]

/**
 * Programs that know this migration may run beside this one: the version before it does. It moves on, two releases after what expanded the schema, in the
 * change that contracts it.
 */
export const oldestProgram = '0100-model-notes'

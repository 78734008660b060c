export { withArchivedPoints } from './archive/archived-points.ts'
export { createMetricArchive, type MetricArchive } from './archive/metric-archive.ts'
export { metricRoutes } from './archive/metric-routes.ts'
export { isElsewhere, whereHot } from './archive/metric-places.ts'
export { artifactDirectory, artifactPath, artifactUri, parseArtifactUri, parseProxyPath } from './artifact-path.ts'
export {
  listArtifacts,
  removeArtifacts,
  requireArtifact,
  storeArtifact,
  type ArtifactContent,
  artifactFiles,
  dropUnusedRefs,
  entriesIn,
} from './artifacts.ts'
export { type RunDigest, runDigests } from './digest-runs.ts'
export { trackingErrors } from './errors.ts'
export { compareRuns } from './compare-runs.ts'
export { configurationOf, findRepeats, isSeed, seedsOf } from './find-repeats.ts'
export { spreadOf } from './group-runs-thread.ts'
export { readRuns } from './read-runs.ts'
export { metricDirectionOf } from './metric-direction.ts'
export { experimentTags, type TagChange } from './experiments.ts'
export { compileNumber, compileText } from './filter/compile-text.ts'
export { experimentTarget, type FilterTarget, loggedModelTarget, runTarget } from './filter/filter-target.ts'
export type { Comparison, Expression } from './filter/filter-tree.ts'
export { parseFilter } from './filter/parse-filter.ts'
export { type OrderKey, parseOrder } from './filter/parse-order.ts'
export { importFile, importLoggedModels } from './import-logged-models.ts'
export { importExperiments, importRuns, importSeries, type Refusal } from './import-runs.ts'
export { type DatasetResolver, type LoggedDataset, resolveWith as resolveDatasetsWith } from './inputs.ts'
export type { Batch, LoggedMetric } from './log-batch.ts'
export type { LoggedModelPoint } from './logged-model-metrics.ts'
export { type LoggedModelRecord, withModelData } from './logged-models.ts'
export { type HistoryRow, type SampledQuery, selectHistory, selectSampledHistory } from './metric-history.ts'
export { behind, type Place, placeColumns, type PlaceKey, placeOf, placeOrder, placeTokenOf } from './page-place.ts'
export { offsetOf, pageTokenOf } from './page-token.ts'
export { runRoutes } from './run-routes.ts'
export { trackingRoutes } from './routes.ts'
export { selectExperiments } from './search-experiments.ts'
export { type LoggedModelQuery, type MetricDataset, selectLoggedModels } from './search-logged-models.ts'
export { runDatasets } from './run-datasets.ts'
export { createRunReads, type RunReads } from './run-reads.ts'
export { type RunQuery, runFragments, selectRuns } from './search-runs.ts'
export { sendArtifact } from './send-artifact.ts'
export type {
  ArtifactFileTable,
  ExperimentTable,
  LoggedModelTable,
  RunTable,
} from './tables.ts'
export { type ArchivePolicies, createArchivePolicies } from './archive-policy/archive-policy.ts'
export { archivePolicyRoutes } from './archive-policy/policy-routes.ts'
export { createTracking, type Tracking } from './tracking.ts'
export { createTrash, type Trash } from './trash/trash.ts'
export { trashRoutes } from './trash/trash-routes.ts'
export { type ArtifactOwner, ownerKey, runUrn } from './urns.ts'
export { trackingTexts } from './personal-texts.ts'

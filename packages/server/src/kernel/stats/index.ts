/**
 * The statistics behind evaluation, gates and monitoring: pure functions over typed arrays and mergeable summaries,
 * without any knowledge of the domain. Sizes, thresholds and intervals say how sure a number is.
 */
export { logGamma } from './special/log-gamma.ts'
export { incompleteGamma, incompleteGammaComplement } from './special/incomplete-gamma.ts'
export { incompleteBeta } from './special/incomplete-beta.ts'
export { normalCdf, normalQuantile, normalSurvival } from './special/normal.ts'
export { studentTCdf, studentTQuantile, studentTSurvival } from './special/student-t.ts'
export { chiSquaredCdf, chiSquaredQuantile, chiSquaredSurvival } from './special/chi-squared.ts'
export { kolmogorovCriticalValue, kolmogorovSurvival, kolmogorovSurvivalOfSize } from './special/kolmogorov.ts'
export { effectiveSize, type Interval, type Numbers, type SampleSizes, type TwoSampleTest } from './types.ts'
export {
  hellingerDistance,
  jensenShannonDistance,
  jensenShannonDivergence,
  kullbackLeibler,
  largestShareDifference,
  populationStabilityIndex,
  totalVariation,
} from './comparison/share-distances.ts'
export { sharesOf } from './comparison/shares-of.ts'
export { type BinnedPair, type PoolingOptions, poolSmallBins } from './comparison/pool-small-bins.ts'
export { hellingerTest, jensenShannonTest, psiTest } from './comparison/binned-tests.ts'
export { chiSquaredTest } from './comparison/chi-squared-test.ts'
export { cramersV } from './comparison/cramers-v.ts'
export { type AlignedCategories, alignCategories } from './comparison/align-categories.ts'
export {
  kolmogorovSmirnovBinned,
  kolmogorovSmirnovLowerBound,
  kolmogorovSmirnovQuantiles,
  kolmogorovSmirnovTest,
  type QuantileSummary,
} from './comparison/kolmogorov-smirnov.ts'
export { wassersteinDistance, wassersteinOfHistograms, wassersteinTest } from './comparison/wasserstein.ts'
export { benjaminiHochberg, benjaminiYekutieli, holm } from './comparison/multiple-testing.ts'
export { wilsonInterval } from './comparison/wilson-interval.ts'
export { fisherExact } from './comparison/fisher-exact.ts'
export {
  type Difference,
  newcombeInterval,
  type Proportion,
  proportionDifference,
} from './comparison/proportion-difference.ts'
export { meanDifference } from './comparison/mean-difference.ts'
export { meanAgainst } from './comparison/mean-against.ts'
export { binOf, type Histogram, histogramOf, mergeHistograms } from './histogram/histogram.ts'
export { quantileEdges, quantileOfSorted } from './histogram/quantile-edges.ts'
export { mergeMoments, type Moments, momentsOf, varianceOf } from './histogram/moments.ts'
export { rocAuc } from './metrics/roc-auc.ts'
export { averagePrecision } from './metrics/average-precision.ts'
export { logLoss, logLossOfRow } from './metrics/log-loss.ts'
export { brierScore } from './metrics/brier-score.ts'
export {
  accuracy,
  accuracyOf,
  type Confusion,
  confusionOf,
  f1Of,
  precisionOf,
  recallOf,
} from './metrics/confusion.ts'
export {
  type CalibrationBin,
  type CalibrationOptions,
  calibrationBins,
  expectedCalibrationError,
} from './metrics/calibration.ts'
export { meanAbsoluteError, rootMeanSquaredError, rSquared } from './metrics/regression.ts'
export { binaryMetrics, type MetricName, metricDirections, regressionMetrics } from './metrics/metric-names.ts'
export { type MetricOptions, metricOf } from './metrics/metric-of.ts'
export { createRandom, type Random } from './bootstrap/random.ts'
export { type Blocks, blocksOf, dayBlocks } from './bootstrap/blocks.ts'
export { type BlockedMetric, type BlockedRows, blockedMetric } from './bootstrap/blocked-metric.ts'
export {
  type BootstrapEstimate,
  type BootstrapOptions,
  bootstrapDifference,
  bootstrapMetric,
  bootstrapPair,
  type PairedEstimates,
  unpairedDifference,
} from './bootstrap/bootstrap.ts'
export { compareModels, type ModelComparison, type ModelComparisonInput } from './bootstrap/compare-models.ts'
export { type DriftMeasure, driftFloors, minimumWindow, nullQuantile } from './verdicts/drift-thresholds.ts'
export { type DriftEvidence, driftVerdict } from './verdicts/drift-verdict.ts'
export {
  advancePersistence,
  defaultPersistence,
  initialPersistence,
  type PersistenceAction,
  type PersistencePolicy,
  type PersistenceState,
  type WindowVerdict,
} from './verdicts/persistence.ts'
export {
  type MetricDirection,
  notWorseThan,
  type Verdict,
  type VerdictInput,
  verdictOf,
} from './verdicts/verdict-of.ts'
export type { ForestColumn } from './forest/bin-column.ts'
export { type ForestImportance, forestImportance } from './forest/forest-importance.ts'

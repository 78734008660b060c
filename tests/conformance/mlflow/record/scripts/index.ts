import type { Script } from '../step.ts'
import { artifacts } from './artifacts.ts'
import { evaluationDatasets } from './evaluation-datasets.ts'
import { experiments } from './experiments.ts'
import { graphql } from './graphql.ts'
import { inputs } from './inputs.ts'
import { loggedModelMetrics } from './logged-model-metrics.ts'
import { metrics } from './metrics.ts'
import { otelUsage } from './otel-usage.ts'
import { protocol } from './protocol.ts'
import { registry } from './registry.ts'
import { runs } from './runs.ts'
import { scorers } from './scorers.ts'
import { searchRuns } from './search.ts'
import { traceMetrics } from './trace-metrics.ts'

/** All that is recorded from MLflow's server. */
export const scripts: readonly Script[] = [
  experiments,
  runs,
  metrics,
  searchRuns,
  inputs,
  loggedModelMetrics,
  registry,
  artifacts,
  protocol,
  graphql,
  evaluationDatasets,
  traceMetrics,
  otelUsage,
  scorers,
]

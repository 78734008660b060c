import type { PipelineDefinition } from '@trivium/contract'
import type { Kernel } from '../../../kernel/kernel.ts'
import type {
  Artifact,
  EnvironmentBuilder,
  Executor,
  ModelReferenceResolver,
  StepKind,
} from '../../../kernel/ports/index.ts'
import type { Access } from '../../access/index.ts'
import type { Datasets } from '../../datasets/index.ts'
import type { Secrets } from '../../secrets/index.ts'
import type { CodeBundles } from '../steps/code-bundles.ts'
import type { RunTokens } from './run-tokens.ts'
import type { StepLogs } from './step-logs.ts'

/** What the run engine works with. */
export interface Engine
  extends Pick<
    Kernel,
    'db' | 'clock' | 'events' | 'jobs' | 'blobs' | 'volatile' | 'watermark' | 'logger' | 'paths' | 'config' | 'leader'
  > {
  readonly access: Access
  readonly datasets: Datasets
  readonly secrets: Pick<Secrets, 'names' | 'handOut' | 'runEnded'>
  readonly environments: EnvironmentBuilder
  readonly executor: Executor
  readonly kinds: ReadonlyMap<string, StepKind>
  readonly bundles: CodeBundles
  readonly logs: StepLogs
  readonly tokens: RunTokens
  /** Set once the registry is wired. */
  models: ModelReferenceResolver | undefined
  /** URL of this server as steps reach it; empty before it listens. */
  serverUrl(): string
  /** Steps that this process has in hand, by project, run and name. */
  readonly running: Map<string, AbortController>
  /** True from the moment that the server stops: what ends then is lost, not failed. */
  stopping: boolean
}

/** A definition as a run uses it. */
export interface LoadedVersion {
  readonly pipeline: string
  readonly version: number
  readonly digest: string
  readonly definition: PipelineDefinition
  readonly files: Readonly<Record<string, { digest: string; size: number }>>
}

/** An input of a step with its content, as the engine keeps it. */
export interface ResolvedInput {
  readonly name: string
  readonly reference: string | null
  readonly artifact: Artifact
}

import type { Evidence, EventRef } from '@trivium/contract'
import type { Principal, Scope } from '../principal/index.ts'

/** A value that flows between steps: content by reference. */
export interface Artifact {
  readonly kind: 'file' | 'directory' | 'dataset' | 'model' | 'value' | 'evidence'
  /** SHA-256 of the content: what the cache key of a step below it holds. Directories: of their manifest. Values: of their canonical JSON. */
  readonly digest: string
  readonly size?: number
  /** What it is in Trivium, when it is an entity: `trivium://p/dataset/flights@12`. */
  readonly urn?: string
  /** kind `value` and `evidence`: the JSON itself; `directory`: its manifest {path: {digest,size}}. */
  readonly value?: unknown
}

/** What a step gets. */
export interface StepContext {
  readonly scope: Scope
  readonly project: string
  readonly runId: string
  readonly runUrn: string
  readonly pipeline: string
  readonly step: string
  readonly attempt: number
  /** Event time that the run stands at (the watermark when it was triggered): lookups use it as `asOf`. */
  readonly asOf: number
  readonly parameters: Readonly<Record<string, unknown>>
  readonly inputs: Readonly<Record<string, Artifact>>
  /** Evidence that the steps before this one gave, those that it needs directly or through others, in their order. */
  readonly evidence: readonly Evidence[]
  /** Names this step of this run, whichever attempt it is: a step that acts on the world acts under it with `actOnce`, so that a second attempt finds what the first did. */
  readonly actKey: string
  /** URN of the inbox item that this call was resumed after; undefined on the first call. */
  readonly waitedFor?: string
  /** Who started the run, or whom its trigger acts for. */
  readonly startedBy: Principal
  readonly signal: AbortSignal
  log(line: string, stream?: 'stdout' | 'stderr' | 'system'): void
  progress(done: number, total: number): void
}

export interface StepResult {
  readonly outputs: Record<string, Artifact>
  /** Edges of the lineage graph from this run: what it read and made. */
  readonly refs?: readonly EventRef[]
  readonly evidence?: readonly Evidence[]
  /** A gate's word. Not passed: the step worked and says no; the run ends as `rejected` and the steps that need it are skipped with the reason. */
  readonly verdict?: { readonly passed: boolean; readonly reason: string }
  /** The step waits for a person: the engine parks it as `waiting` and calls `run` again once `inbox.decided` was sealed for this inbox item's URN. */
  readonly waitingFor?: string
  /** When user code began, milliseconds UTC, and how its process ended. */
  readonly enteredAt?: number
  readonly exitCode?: number
}

/**
 * A kind of step, implemented by the capability that owns the noun and wired in main: `validate` (datasets), `features` (features), `evaluate` and
 * `gate` (evaluation, registry), `register` (registry), `deploy` (serving), `python` and `command` (pipelines).
 */
export interface StepKind {
  readonly kind: string
  /** `content`: same key, same outputs, cached. `never`: it acts on the world (register, deploy, approval). */
  readonly caching: 'content' | 'never'
  /** It runs code of people: whoever defines or starts a pipeline with it holds `code:execute`. */
  readonly runsCode?: true
  /** Names of inputs without which the step makes no sense; a definition that leaves one out is refused. */
  readonly requiredInputs?: readonly string[]
  /** Checks the step's configuration when the pipeline is saved; returns messages, empty when good. */
  check(configuration: Readonly<Record<string, unknown>>): string[]
  /** Resolves named references (dataset@latest, MODEL@champion) to artifacts when the step starts; their digests enter the cache key. */
  resolve?(
    context: Omit<StepContext, 'inputs'>,
    configuration: Readonly<Record<string, unknown>>,
  ): Promise<Record<string, Artifact>>
  run(context: StepContext, configuration: Readonly<Record<string, unknown>>): Promise<StepResult>
}

/** An environment built once per lock digest. */
export interface BuiltEnvironment {
  readonly digest: string
  readonly python: string
}

export interface EnvironmentBuilder {
  /** The digest of lock file + interpreter + platform, without building. */
  digestOf(lock: Buffer | undefined): Promise<string>
  /** Builds, or waits for the build of, the environment; `lock` undefined is the interpreter that Trivium itself found. Errors: PYTHON.NOT_FOUND, PYTHON.NO_VENV, ENVIRONMENT.BUILD_FAILED. */
  build(lock: Buffer | undefined, log: (line: string) => void, signal?: AbortSignal): Promise<BuiltEnvironment>
}

/** One of the layers that keep code of people in, and whether it holds on this machine. */
export interface BoundaryLayer {
  readonly name: string
  readonly active: boolean
  readonly found: string
}

/** What keeps code of people from the server's files, keys, processes and network. `contained`: the stated minimum holds. */
export interface CodeBoundary {
  readonly contained: boolean
  readonly layers: readonly BoundaryLayer[]
}

/** Runs user code away from main. Inputs, outputs and code are files that the caller laid out and collects; the run-scoped token is in `env`. */
export interface Executor {
  submit(attemptId: string, task: ExecutorTask): Promise<ExecutorResult>
  /** What keeps the code in, tried once. */
  boundary(): Promise<CodeBoundary>
  /** Why no code of people may run here now, with what mends it; undefined when it may. */
  refusal(): Promise<string | undefined>
  close(): Promise<void>
}

/** What a step's processes may use together. */
export interface StepLimits {
  readonly memoryBytes?: number
  /** Processors. */
  readonly cpus?: number
  readonly diskBytes?: number
  readonly processes?: number
}

export interface ExecutorTask {
  readonly project: string
  readonly environment: BuiltEnvironment
  /** The attempt's own directory, which the caller makes and removes. The step reads `in`, and writes to `work`, where it starts, and to `out`. Its parent holds those of the same project only. */
  readonly place: string
  /** Directory of the code bundle, never written to: first on Python's path. Its parent holds code of the same project only. */
  readonly code: string
  /** `python`: module:function called with `arguments`; `command`: argv, no shell. */
  readonly entry:
    | { readonly kind: 'python'; readonly target: string; readonly arguments: Readonly<Record<string, unknown>> }
    | { readonly kind: 'command'; readonly argv: readonly string[] }
  /** Modules from outside the bundle that the code imports: a warm process may have them loaded before. */
  readonly preload: readonly string[]
  /** May hold secrets: never on a command line, in a file or in a log. */
  readonly env: Readonly<Record<string, string>>
  /** Reaches other machines; else only this server. */
  readonly network: boolean
  /** URL of this server; empty before it listens. */
  readonly serverUrl: string
  readonly limits: StepLimits
  readonly timeoutMs?: number
  readonly signal: AbortSignal
  onLine(line: string, stream: 'stdout' | 'stderr'): void
}

export interface ExecutorResult {
  readonly outcome: 'succeeded' | 'failed' | 'timed-out' | 'cancelled' | 'lost'
  readonly exitCode: number | null
  /** When user code began, milliseconds UTC. */
  readonly enteredAt: number | null
  readonly error?: string
  /** The limit that it was ended for, or that its end points to. */
  readonly limit?: 'memory' | 'processes' | 'disk' | 'time'
  /** What a Python function returned, JSON. */
  readonly returned?: unknown
}

/** Resolves a step input such as `arrival-delay@champion`; the registry implements it. */
export interface ModelReferenceResolver {
  resolve(
    scope: Scope,
    reference: string,
  ): Promise<{ urn: string; model: string; version: number; artifact: Artifact } | undefined>
}

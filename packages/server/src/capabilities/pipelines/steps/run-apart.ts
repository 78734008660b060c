import { randomUUID } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { parseUrn } from '../../../kernel/ids/index.ts'
import { stepErrors } from '../errors.ts'
import type { Engine } from '../runs/engine.ts'
import { loadVersion } from '../runs/load-version.ts'
import { placeDirectory } from './place-file.ts'
import { removePlace } from './remove-place.ts'
import { limitsOf } from './step-limits.ts'
import { lockOf } from './user-code-parts.ts'

/** A function of our own Python side that works on code or files of people, run like a step and kept in like one. */
export interface ApartCall<Result> {
  /** As messages call it. */
  readonly called: string
  /** `trivium_runner.module:function` */
  readonly target: `trivium_runner.${string}`
  /** Stored files that are laid out below `in/NAME`. */
  readonly files: Readonly<Record<string, Readonly<Record<string, { digest: string }>>>>
  /** A lock file; without it that of the pipeline run, else the plain interpreter. */
  readonly lock?: Buffer
  /** URN of the pipeline run whose environment is taken. */
  readonly pipelineRun?: string | null
  readonly timeoutMs: number
  readonly signal?: AbortSignal
  /** Writes more inputs into `in` and says what the function is called with; `out` is where it writes. */
  prepare(places: { in: string; out: string }): Promise<Readonly<Record<string, unknown>>>
  /** Reads what it wrote, before everything is removed. */
  collect(out: string, returned: unknown): Promise<Result>
}

/** Runs it; throws PIPELINES.CODE_REFUSED where no code of people may run, PIPELINES.STEP_FAILED with the last line of what went wrong. */
export async function runApart<Result>(engine: Engine, project: string, task: ApartCall<Result>): Promise<Result> {
  const { environments, executor, paths, blobs, config } = engine
  const refusal = await executor.refusal()
  if (refusal !== undefined) throw stepErrors.CODE_REFUSED(task.called, refusal)
  const name = `apart-${randomUUID()}`
  const place = join(paths.data, 'work', project, name)
  const code = join(paths.data, 'code', project, 'none')
  const [inputs, out] = [join(place, 'in'), join(place, 'out')]
  const signal = task.signal ?? new AbortController().signal
  try {
    const environment = await environments.build(await lockFor(engine, project, task), () => {}, signal)
    await Promise.all([inputs, out, code].map((path) => mkdir(path, { recursive: true })))
    for (const [folder, files] of Object.entries(task.files))
      await placeDirectory(blobs, project, files, join(inputs, folder))
    const result = await executor.submit(name, {
      project,
      environment,
      place,
      code,
      signal,
      network: false,
      serverUrl: '',
      limits: limitsOf(config),
      timeoutMs: task.timeoutMs,
      entry: { kind: 'python', target: task.target, arguments: await task.prepare({ in: inputs, out }) },
      preload: [task.target.split(':')[0] ?? ''],
      env: { PYTHONUNBUFFERED: '1', MLFLOW_DISABLE_TELEMETRY: 'true', GIT_PYTHON_REFRESH: 'quiet' },
      onLine: () => {},
    })
    if (result.outcome !== 'succeeded') {
      const last = (result.error ?? '').trim().split('\n').at(-1) ?? ''
      const why = result.limit ? `it reached its limit of ${result.limit}.` : last || `${result.outcome}.`
      throw stepErrors.STEP_FAILED(task.called, why)
    }
    return await task.collect(out, result.returned)
  } finally {
    await removePlace(place)
  }
}

async function lockFor(
  engine: Engine,
  project: string,
  { lock, pipelineRun }: Pick<ApartCall<unknown>, 'lock' | 'pipelineRun'>,
): Promise<Buffer | undefined> {
  if (lock) return lock
  const id = pipelineRun === null || pipelineRun === undefined ? undefined : parseUrn(pipelineRun)?.id
  const run =
    id === undefined
      ? undefined
      : await engine.db.read
          .selectFrom('pipeline_run')
          .select(['pipeline', 'version'])
          .where('project_id', '=', project)
          .where('id', '=', id)
          .executeTakeFirst()
  return run && lockOf(engine, project, await loadVersion(engine.db.read, project, run.pipeline, run.version))
}

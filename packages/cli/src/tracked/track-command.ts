import { endRun, getRun, type RunDetail, type RunConfiguration, sourcePaths, startRun } from '@trivium/contract'
import type { Action } from '../command.ts'
import { UsageError } from '../fail.ts'
import { addTextArtifact } from './add-text-artifact.ts'
import { captureCode } from './capture-code.ts'
import { captureEnvironment } from './capture-environment.ts'
import { createConsoleSender } from './console-sender.ts'
import { runCommand } from './run-command.ts'

/** A version of a dataset that a run reads. */
export interface DatasetInput {
  readonly dataset: string
  readonly version: number
  readonly digest: string
  readonly context: string
}

/** A program to run as a run of an experiment. */
export interface TrackedCommand {
  readonly command: readonly string[]
  readonly experiment: string
  readonly name?: string | undefined
  readonly parent?: string | undefined
  readonly tags?: Readonly<Record<string, string>>
  readonly params?: Readonly<Record<string, string>>
  readonly inputs?: readonly DatasetInput[]
  readonly configuration?: RunConfiguration
  readonly keepCode?: boolean
  readonly keepEnvironment?: boolean
  /** Further variables of the program. */
  readonly variables?: Readonly<Record<string, string>>
}

/** Starts a run and keeps what it is started from. */
export async function openRun(
  work: Action,
  tracked: Omit<TrackedCommand, 'command'> & { readonly source: string; readonly words: readonly string[] },
): Promise<RunDetail> {
  const { client, project, terminal } = work
  const cwd = terminal.cwd
  const code = tracked.keepCode === false ? undefined : await captureCode(cwd, terminal.env, tracked.words)
  const packages =
    tracked.keepEnvironment === false ? undefined : await captureEnvironment(cwd, terminal.env, tracked.words)
  const run = await client.call(startRun, {
    params: { project },
    body: {
      experiment: tracked.experiment,
      ...(tracked.name === undefined ? {} : { name: tracked.name }),
      ...(tracked.parent === undefined ? {} : { parent: tracked.parent }),
      params: { ...tracked.params },
      ...(tracked.inputs === undefined ? {} : { inputs: [...tracked.inputs] }),
      tags: {
        'mlflow.source.type': 'LOCAL',
        'mlflow.source.name': tracked.source.slice(0, 8000),
        ...(code?.commit ? { 'mlflow.source.git.commit': code.commit } : {}),
        ...(code?.branch ? { 'mlflow.source.git.branch': code.branch } : {}),
        ...(code?.repository ? { 'mlflow.source.git.repoURL': code.repository } : {}),
        ...(code?.commit ? { 'mlflow.source.git.dirty': String(code.patch !== '') } : {}),
        ...tracked.tags,
      },
    },
  })
  const at = { client, project, run: run.id }
  terminal.err(`trivium: ${run.name} is run ${run.id}, ${work.url}/p/${encodeURIComponent(project)}/runs/${run.id}\n`)
  try {
    if (code) await addTextArtifact(at, sourcePaths.code, JSON.stringify(code))
    if (packages !== undefined) await addTextArtifact(at, sourcePaths.environment, packages)
    if (tracked.configuration)
      await addTextArtifact(at, sourcePaths.configuration, JSON.stringify(tracked.configuration))
  } catch (error) {
    await client.call(endRun, { params: { project, run: run.id }, body: { status: 'FAILED' } })
    throw error
  }
  return run
}

/**
 * Runs a program as a run: what it was started from is kept before it begins, what it writes goes to the console of the run and to this terminal, and how it ends is how the run
 * ends. The program is told the run, so that clients of MLflow log to it. Returns the run and the exit code of the program.
 */
export async function trackCommand(work: Action, tracked: TrackedCommand): Promise<{ run: RunDetail; code: number }> {
  const { client, project, terminal } = work
  const { command } = tracked
  const [program, ...args] = command
  if (program === undefined) throw new UsageError('Say what to run: trivium track -- python train.py')
  const source = command.find((word) => /\.(py|ipynb|r|jl|sh|m?js|ts)$/i.test(word)) ?? program
  const run = await openRun(work, { ...tracked, source, words: command })
  const sender = createConsoleSender({ client, project, run: run.id }, { clock: Date.now })
  let ended: number
  try {
    ended = await runCommand(work, [program, ...args], sender.add, {
      ...environmentOf(work, run),
      ...tracked.variables,
    })
  } catch (error) {
    sender.add('system', error instanceof Error ? error.message : String(error))
    await sender.end()
    await client.call(endRun, { params: { project, run: run.id }, body: { status: 'FAILED' } })
    throw error
  }
  const unsent = await sender.end()
  if (unsent !== undefined) terminal.err(`trivium: the end of the console did not arrive: ${unsent}\n`)
  return { run: await finish(work, run, ended), code: ended }
}

/** A client of MLflow may have ended the run already; a program that failed makes a failed run all the same. */
async function finish({ client, project, terminal }: Action, run: RunDetail, code: number): Promise<RunDetail> {
  const params = { project, run: run.id }
  const now = await client.call(getRun, { params })
  const status = terminal.signal.aborted ? 'KILLED' : code === 0 ? 'FINISHED' : 'FAILED'
  if (now.status !== 'RUNNING' && now.status !== 'SCHEDULED' && status === 'FINISHED') return now
  if (now.status === status) return now
  return client.call(endRun, { params, body: { status } })
}

function environmentOf({ url, token, project }: Action, run: RunDetail): Record<string, string> {
  return {
    MLFLOW_TRACKING_URI: url,
    ...(token === undefined ? {} : { MLFLOW_TRACKING_TOKEN: token, TRIVIUM_TOKEN: token }),
    MLFLOW_EXPERIMENT_ID: run.experimentId,
    MLFLOW_RUN_ID: run.id,
    TRIVIUM_URL: url,
    TRIVIUM_PROJECT: project,
    TRIVIUM_RUN: run.id,
    // Lines arrive when they are written, not when the program ends.
    PYTHONUNBUFFERED: '1',
  }
}

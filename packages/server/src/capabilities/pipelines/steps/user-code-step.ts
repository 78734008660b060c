import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Evidence } from '@trivium/contract'
import { digestOf, urn } from '../../../kernel/ids/index.ts'
import type {
  Artifact,
  ExecutorResult,
  ExecutorTask,
  StepContext,
  StepKind,
  StepLimits,
  StepResult,
} from '../../../kernel/ports/index.ts'
import { asText, fillArguments } from '../definition/interpolate.ts'
import { isPlainMap } from '../definition/field-reader.ts'
import { traceparent } from '../../../kernel/telemetry/index.ts'
import { stepErrors } from '../errors.ts'
import type { Engine } from '../runs/engine.ts'
import { StepFailure } from '../runs/step-failure.ts'
import { boundaryOf, boundaryText, limitsOf, limitWords } from './step-limits.ts'
import { removePlace } from './remove-place.ts'
import { collectOutputs } from './collect-outputs.ts'
import { placeInput } from './place-inputs.ts'
import { codeFiles, lockOf, moduleOf, type UserCodeConfiguration } from './user-code-parts.ts'

const progressLine = /^::progress (\d+(?:\.\d+)?)\/(\d+(?:\.\d+)?)$/

/** The step kinds `python` (a function of the bundle) and `command` (a program): code of the user, run away from main in the pipeline's environment. */
export function userCodeStep(engine: Engine, kind: 'python' | 'command'): StepKind {
  return {
    kind,
    caching: 'content',
    runsCode: true,
    check: (settings) =>
      Object.entries(settings).flatMap(([key, value]) => {
        if (key !== 'env') return [`a step of kind ${kind} knows no setting "${key}"; it takes "env".`]
        return isPlainMap(value) && Object.values(value).every((one) => typeof one === 'string')
          ? []
          : ['"env" must be a map of texts.']
      }),
    run: async (context, configuration) => {
      const refusal = await engine.executor.refusal()
      if (refusal !== undefined)
        throw new StepFailure(stepErrors.CODE_REFUSED(context.step, refusal), { exitCode: null })
      const name = `${context.runId}-${context.step}-${context.attempt}`
      const place = join(engine.paths.data, 'work', context.project, name)
      try {
        return await runUserCode(engine, context, configuration as unknown as UserCodeConfiguration, place)
      } finally {
        await removePlace(place)
      }
    },
  }
}

async function runUserCode(
  engine: Engine,
  context: StepContext,
  { step, version, settings }: UserCodeConfiguration,
  place: string,
): Promise<StepResult> {
  const { blobs, bundles, environments, executor } = engine
  const lock = await lockOf(engine, context.project, version)
  const [environment, code] = await Promise.all([
    environments.build(lock, (line) => context.log(line, 'stdout'), context.signal),
    bundles.directory(context.project, version.definition.codeDigest, codeFiles(version)),
  ])
  const outputs = join(place, 'out')
  await mkdir(outputs, { recursive: true })
  await mkdir(join(place, 'in'))
  const inputs: Record<string, unknown> = {}
  for (const name of Object.keys(step.in)) {
    const artifact = context.inputs[name]
    inputs[name] = artifact ? await placeInput(engine, context.scope, join(place, 'in'), name, artifact) : null
  }
  const limits = limitsOf(engine.config, step.resources)
  const boundary = await boundaryOf(engine, step)
  if (boundary) context.log(boundaryText(boundary), 'system')
  const result = await executor.submit(`${context.runId}/${context.step}/${context.attempt}`, {
    project: context.project,
    environment,
    place,
    code,
    signal: context.signal,
    network: step.network === true,
    serverUrl: engine.serverUrl(),
    limits,
    timeoutMs: step.timeoutMs ?? engine.config.stepHours * 3_600_000,
    entry: entryOf(step, context, inputs, outputs),
    preload:
      step.kind === 'python'
        ? (await bundles.closure(context.project, version.definition.codeDigest, codeFiles(version), moduleOf(step)))
            .external
        : [],
    env: {
      ...(await variablesOf(engine, context, code, outputs)),
      ...(settings['env'] as Record<string, string> | undefined),
    },
    onLine: (line, stream) => {
      const progress = progressLine.exec(line)
      if (progress) context.progress(Number(progress[1]), Number(progress[2]))
      else context.log(line, stream)
    },
  })
  if (result.outcome !== 'succeeded') throw failureOf(engine.config, step, limits, result)
  const collected = await collectOutputs(blobs, context.project, step, outputs, result.returned)
  return {
    outputs: collected,
    refs: [{ rel: 'input', urn: urn(context.project, 'environment', environment.digest), as: 'environment' }],
    evidence: evidenceIn(context, collected),
    ...(result.enteredAt === null ? {} : { enteredAt: result.enteredAt }),
    ...(result.exitCode === null ? {} : { exitCode: result.exitCode }),
  }
}

function entryOf(
  step: UserCodeConfiguration['step'],
  context: StepContext,
  inputs: Readonly<Record<string, unknown>>,
  outputs: string,
): ExecutorTask['entry'] {
  const paths = Object.fromEntries(
    Object.entries(step.out).map(([name, { kind }]) => [
      name,
      { path: join(outputs, name), isValue: kind === 'value' || kind === 'evidence' },
    ]),
  )
  if (Array.isArray(step.run)) {
    const values = {
      ...prefixed(
        'in',
        Object.entries(inputs).map(([name, value]) => [name, asText(value)]),
      ),
      ...prefixed(
        'out',
        Object.entries(paths).map(([name, { path }]) => [name, path]),
      ),
      ...prefixed(
        'params',
        Object.entries(context.parameters).map(([name, value]) => [name, asText(value)]),
      ),
    }
    return { kind: 'command', argv: fillArguments(step.run, values) }
  }
  // Values come back by `return`; only what is written gets a path.
  const written = Object.fromEntries(
    Object.entries(paths)
      .filter(([, { isValue }]) => !isValue)
      .map(([name, { path }]) => [name, path]),
  )
  return { kind: 'python', target: step.run ?? '', arguments: { ...inputs, ...written, ...context.parameters } }
}

function prefixed(group: string, entries: [string, string][]): Record<string, string> {
  return Object.fromEntries(entries.map(([name, value]) => [`${group}.${name}`, value]))
}

async function variablesOf(
  engine: Engine,
  context: StepContext,
  code: string,
  outputs: string,
): Promise<Record<string, string>> {
  const token = await engine.tokens.secretOf({
    project: context.project,
    id: context.runId,
    startedBy: context.startedBy.id,
  })
  const url = engine.serverUrl()
  const span = traceparent()
  return {
    ...(url === '' ? {} : { TRIVIUM_URL: url, MLFLOW_TRACKING_URI: url }),
    ...(span === undefined ? {} : { TRACEPARENT: span }),
    TRIVIUM_TOKEN: token,
    MLFLOW_TRACKING_TOKEN: token,
    MLFLOW_EXPERIMENT_NAME: context.pipeline,
    TRIVIUM_PROJECT: context.project,
    TRIVIUM_PIPELINE_RUN: context.runId,
    TRIVIUM_STEP: context.step,
    TRIVIUM_ATTEMPT: String(context.attempt),
    TRIVIUM_AS_OF: String(context.asOf),
    TRIVIUM_CODE: code,
    TRIVIUM_OUTPUTS: outputs,
    PYTHONUNBUFFERED: '1',
    GIT_PYTHON_REFRESH: 'quiet',
    MLFLOW_DISABLE_TELEMETRY: 'true',
  }
}

function failureOf(
  config: Engine['config'],
  { name: step, timeoutMs }: UserCodeConfiguration['step'],
  limits: StepLimits,
  result: ExecutorResult,
): StepFailure {
  const detail = result.error ?? ''
  const last = detail.trim().split('\n').at(-1) ?? ''
  const extra = {
    exitCode: result.exitCode,
    ...(detail === '' ? {} : { detail }),
    ...(result.enteredAt === null ? {} : { enteredAt: result.enteredAt }),
  }
  if (result.outcome === 'lost')
    return new StepFailure(stepErrors.STEP_FAILED(step, 'the Python process that ran it has gone away.'), {
      ...extra,
      outcome: 'lost',
    })
  if (result.outcome === 'cancelled')
    return new StepFailure(stepErrors.CANCELLED(step), { ...extra, outcome: 'cancelled' })
  if (result.limit !== undefined) {
    const { what, most, mend } = limitWords(config, limits, timeoutMs, result.limit)
    return new StepFailure(stepErrors.LIMIT_EXCEEDED(step, what, most, mend), extra)
  }
  return new StepFailure(
    stepErrors.STEP_FAILED(step, last === '' ? `exit code ${result.exitCode ?? 'unknown'}.` : last),
    extra,
  )
}

/** Outputs of kind `evidence` as evidence: the code says kind, verdict and summary, the rest is known here. */
function evidenceIn(context: StepContext, outputs: Readonly<Record<string, Artifact>>): Evidence[] {
  return Object.entries(outputs).flatMap(([name, { kind, value }]) => {
    if (kind !== 'evidence') return []
    const given = isPlainMap(value) ? value : {}
    const { kind: of, verdict, summary } = given as Partial<Evidence>
    if (!of || !verdict || !summary)
      throw stepErrors.OUTPUT_WRONG_KIND(
        context.step,
        name,
        'evidence',
        'a value without "kind", "verdict" and "summary"',
      )
    const data = isPlainMap(given['data']) ? given['data'] : {}
    const subjects = Array.isArray(given['subjects'])
      ? given['subjects'].map(String)
      : Object.values(context.inputs).flatMap((input) => input.urn ?? [])
    return [
      {
        kind: of,
        verdict,
        summary,
        at: context.asOf,
        by: context.startedBy.id,
        subjects,
        digest: digestOf(data),
        data,
      },
    ]
  })
}

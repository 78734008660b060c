import type { CacheVerdict, PipelineStep } from '@trivium/contract'
import type { Artifact, StepContext, StepKind } from '../../../kernel/ports/index.ts'
import type { KeyPart } from '../cache/cache-key.ts'
import { type KeptResult, lookUp } from '../cache/look-up.ts'
import { canonicalJson, digestOf, parseUrn } from '../../../kernel/ids/index.ts'
import { permits } from '../../../kernel/principal/index.ts'
import { interpolate } from '../definition/interpolate.ts'
import { stepErrors } from '../errors.ts'
import { userCodeParts, type UserCodeConfiguration } from '../steps/user-code-parts.ts'
import type { Engine, LoadedVersion, ResolvedInput } from './engine.ts'
import { requireOwners } from './require-owners.ts'
import { recordedInputs, repeatedRun } from './repeat-run.ts'
import { resolveInputs } from './resolve-inputs.ts'

/** A step with everything that is needed to run it, or the result of an earlier run that makes that unnecessary. */
export interface PreparedStep {
  readonly kind: StepKind
  readonly configuration: Readonly<Record<string, unknown>>
  readonly inputs: readonly ResolvedInput[]
  readonly parts: readonly KeyPart[]
  readonly verdict: CacheVerdict
  readonly hit?: KeptResult
}

/** Resolves inputs and parameters, makes the cache key and looks it up. */
export async function prepareStep(
  engine: Engine,
  work: {
    version: LoadedVersion
    step: PipelineStep
    parameters: Readonly<Record<string, unknown>>
    context: Omit<StepContext, 'inputs'>
  },
): Promise<PreparedStep> {
  const { version, step, context } = work
  const kind = engine.kinds.get(step.kind)
  if (!kind) throw stepErrors.UNKNOWN_KIND(step.name, step.kind)
  const plain = interpolate(step.with, work.parameters)
  const isUserCode = step.kind === 'python' || step.kind === 'command'
  const configuration = isUserCode ? ({ step, version, settings: plain } satisfies UserCodeConfiguration) : plain
  const repeated = await repeatedRun(engine.db.read, context.project, context.runId)
  const recorded =
    repeated === undefined ? undefined : await recordedInputs(engine.db.read, context.project, repeated, step.name)
  const named = await resolveInputs(
    engine,
    {
      scope: context.scope,
      run: context.runId,
      asOf: context.asOf,
      parameters: work.parameters,
      ...(recorded ? { recorded } : {}),
    },
    step,
  )
  if (version.definition.production) await requireOwners(engine, context.scope, step, named)
  const more = Object.entries((await kind.resolve?.(context, configuration as Record<string, unknown>)) ?? {})
  const inputs = [
    ...named,
    ...more
      .filter(([name]) => step.in[name] === undefined)
      .map(([name, artifact]) => ({ name, reference: null, artifact: recorded?.get(name) ?? artifact })),
  ]
  const prepared = { kind, configuration: configuration as Readonly<Record<string, unknown>>, inputs }
  if (step.cache === 'never' || repeated !== undefined) {
    const reason =
      repeated !== undefined
        ? `This run repeats ${repeated}: every step runs.`
        : kind.caching === 'never'
          ? `Steps of kind ${step.kind} act on the world and always run.`
          : 'The definition says cache: never.'
    return { ...prepared, parts: [], verdict: { outcome: 'off', reason, key: null, run: null, components: [] } }
  }
  const parts: KeyPart[] = [
    { part: 'kind', value: step.kind },
    ...(isUserCode ? await userCodeParts(engine, context.project, step, version) : []),
    ...each('params', context.parameters),
    // Which secret, never what it holds: a new value of it changes no result.
    ...each('secrets', step.secrets ?? {}),
    ...each('configuration', plain),
    ...Object.keys(step.in).map((name) => ({
      part: `in.${name}`,
      value: inputs.find((input) => input.name === name)?.artifact.digest ?? 'none',
    })),
    ...inputs
      .filter((input) => input.reference === null)
      .map((input) => ({ part: `in.${input.name}`, value: input.artifact.digest })),
    ...(isUserCode || context.evidence.length === 0
      ? []
      : [{ part: 'evidence', value: digestOf(context.evidence.map((one) => one.digest)) }]),
    ...(await sealedParts(engine, context, inputs)),
    {
      part: 'outputs',
      value: canonicalJson(Object.fromEntries(Object.entries(step.out).map(([name, { kind: of }]) => [name, of]))),
    },
  ]
  const { verdict, hit } = await lookUp(engine, {
    project: context.project,
    pipeline: version.pipeline,
    step: step.name,
    parts,
  })
  return { ...prepared, parts, verdict, ...(hit ? { hit } : {}) }
}

function each(group: string, values: Readonly<Record<string, unknown>>): KeyPart[] {
  return Object.entries(values).map(([name, value]) => ({ part: `${group}.${name}`, value: canonicalJson(value) }))
}

/** The inputs by name, as a step gets them. */
export function inputsByName(inputs: readonly ResolvedInput[]): Record<string, Artifact> {
  return Object.fromEntries(inputs.map((input) => [input.name, input.artifact]))
}

/** A step gets other rows of a sealed dataset when its run may read what is personal, and others again when somebody was erased. */
async function sealedParts(
  { datasets }: Engine,
  { scope }: Pick<StepContext, 'scope'>,
  inputs: readonly ResolvedInput[],
): Promise<KeyPart[]> {
  const parts: KeyPart[] = []
  for (const { name, artifact } of inputs) {
    const entity = artifact.kind === 'dataset' && artifact.urn !== undefined ? parseUrn(artifact.urn) : undefined
    if (entity?.kind !== 'dataset') continue
    const { sealed, redacted } = await datasets.resolve(scope, `${entity.id}@${entity.version}`)
    if (sealed.length === 0) continue
    const open = permits(scope, 'data:read-personal') ? `open, ${redacted?.people ?? 0} erased` : 'sealed'
    parts.push({ part: `personal.${name}`, value: open })
  }
  return parts
}

import type { PipelineStep, StepArtifact } from '@trivium/contract'
import { AppError } from '../../../kernel/errors/index.ts'
import type { Artifact } from '../../../kernel/ports/index.ts'
import type { Scope } from '../../../kernel/principal/index.ts'
import { digestOf } from '../../../kernel/ids/index.ts'
import { type InputReference, parseReference } from '../definition/parse-reference.ts'
import { stepErrors } from '../errors.ts'
import type { Engine, ResolvedInput } from './engine.ts'

interface Place {
  readonly scope: Scope
  readonly run: string
  readonly asOf: number
  readonly parameters: Readonly<Record<string, unknown>>
}

/** The content behind each input of a step, by the references of the definition. */
export async function resolveInputs(
  engine: Pick<Engine, 'db' | 'datasets' | 'models'>,
  place: Place,
  step: PipelineStep,
): Promise<ResolvedInput[]> {
  const made = await outputsOf(engine, place)
  const resolved: ResolvedInput[] = []
  for (const [name, text] of Object.entries(step.in)) {
    const reference = parseReference(text)
    if (typeof reference === 'string') throw stepErrors.INPUT_UNRESOLVED(step.name, name, text, reference)
    try {
      const artifact =
        reference.scheme === 'steps' ? outputOf(made, reference) : await resolveOutside(engine, place, reference)
      if (artifact) resolved.push({ name, reference: text, artifact })
    } catch (error) {
      if (!(error instanceof AppError) && !(error instanceof MissingOutput)) throw error
      throw stepErrors.INPUT_UNRESOLVED(step.name, name, text, error.message)
    }
  }
  return resolved
}

class MissingOutput extends Error {}

async function outputsOf({ db }: Pick<Engine, 'db'>, { scope, run }: Place): Promise<Map<string, StepArtifact[]>> {
  const rows = await db.read
    .selectFrom('pipeline_step')
    .select(['name', 'outputs'])
    .where('project_id', '=', scope.project)
    .where('run_id', '=', run)
    .where('outputs', '<>', '[]')
    .execute()
  return new Map(rows.map((row) => [row.name, JSON.parse(row.outputs) as StepArtifact[]]))
}

function outputOf(
  made: ReadonlyMap<string, StepArtifact[]>,
  reference: Extract<InputReference, { scheme: 'steps' }>,
): Artifact {
  const outputs = made.get(reference.step) ?? []
  const found = outputs.find((output) => output.name === reference.output)
  if (!found)
    throw new MissingOutput(
      `step "${reference.step}" made no output "${reference.output}"; it made ${outputs.map((output) => output.name).join(', ') || 'none'}.`,
    )
  return toArtifact(found)
}

async function resolveOutside(
  { datasets, models }: Pick<Engine, 'datasets' | 'models'>,
  { scope, asOf, parameters }: Place,
  reference: Exclude<InputReference, { scheme: 'steps' }>,
): Promise<Artifact | undefined> {
  if (reference.scheme === 'params') {
    const value = parameters[reference.name] ?? null
    return { kind: 'value', digest: digestOf(value), value }
  }
  if (reference.scheme === 'model') {
    const found = await models?.resolve(scope, `${reference.name}@${reference.version}`)
    if (!found && !reference.optional)
      throw new MissingOutput(
        `model "${reference.name}" has no version "${reference.version}". Mark the reference with "?" if the step can do without.`,
      )
    return found && { ...found.artifact, kind: 'model', urn: found.urn }
  }
  try {
    const version =
      reference.version === 'watermark'
        ? await knownBy(datasets, scope, reference.name, asOf)
        : await datasets.resolve(scope, `${reference.name}@${reference.version}`)
    return { kind: 'dataset', digest: version.digest, size: version.bytes, urn: version.urn }
  } catch (error) {
    if (reference.optional && (error instanceof MissingOutput || (error instanceof AppError && error.status === 404)))
      return undefined
    throw error
  }
}

/** The newest version whose rows all happened before `asOf`. */
async function knownBy(datasets: Engine['datasets'], scope: Scope, name: string, asOf: number) {
  let before: number | undefined
  for (;;) {
    const { versions } = await datasets.versions(scope, name, {
      limit: 100,
      ...(before === undefined ? {} : { before }),
    })
    const found = versions.find((version) => version.maxTime === null || version.maxTime <= asOf)
    if (found) return found
    before = versions.at(-1)?.version
    if (before === undefined || before <= 1)
      throw new MissingOutput(`dataset "${name}" has no version with rows up to ${new Date(asOf).toISOString()} only.`)
  }
}

/** As steps and the cache know it. */
export function toArtifact({ kind, digest, size, urn, value }: StepArtifact): Artifact {
  return {
    kind,
    digest,
    ...(size === null ? {} : { size }),
    ...(urn === null ? {} : { urn }),
    ...(value === undefined ? {} : { value }),
  }
}

/** As rows and answers hold it. */
export function toStepArtifact(name: string, reference: string | null, artifact: Artifact): StepArtifact {
  return {
    name,
    kind: artifact.kind,
    reference,
    digest: artifact.digest,
    size: artifact.size ?? null,
    urn: artifact.urn ?? null,
    ...(artifact.value === undefined ? {} : { value: artifact.value }),
  }
}

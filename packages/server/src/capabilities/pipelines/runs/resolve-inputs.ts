import type { PipelineRunCause, PipelineStep, StepArtifact } from '@trivium/contract'
import { AppError } from '../../../kernel/errors/index.ts'
import type { Artifact } from '../../../kernel/ports/index.ts'
import type { Scope } from '../../../kernel/principal/index.ts'
import { digestOf, parseUrn, urn } from '../../../kernel/ids/index.ts'
import { type InputReference, parseReference } from '../definition/parse-reference.ts'
import { stepErrors } from '../errors.ts'
import type { Engine, ResolvedInput } from './engine.ts'

interface Place {
  readonly scope: Scope
  readonly run: string
  readonly asOf: number
  readonly parameters: Readonly<Record<string, unknown>>
  /** What the run read that this one repeats, by name: it stands for what the reference names now. */
  readonly recorded?: ReadonlyMap<string, Artifact>
}

/** The content behind each input of a step, by the references of the definition. */
export async function resolveInputs(
  engine: Pick<Engine, 'db' | 'datasets' | 'models'>,
  place: Place,
  step: PipelineStep,
): Promise<ResolvedInput[]> {
  const made = await outputsOf(engine, place)
  const { recorded } = place
  const resolved: ResolvedInput[] = []
  for (const [name, text] of Object.entries(step.in)) {
    const reference = parseReference(text)
    if (typeof reference === 'string') throw stepErrors.INPUT_UNRESOLVED(step.name, name, text, reference)
    try {
      const artifact =
        reference.scheme === 'steps'
          ? outputOf(made, reference)
          : (recorded?.get(name) ?? (await resolveOutside(engine, place, reference)))
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
  { db, datasets, models }: Pick<Engine, 'db' | 'datasets' | 'models'>,
  { scope, run, asOf, parameters }: Place,
  reference: Exclude<InputReference, { scheme: 'steps' }>,
): Promise<Artifact | undefined> {
  if (reference.scheme === 'params') {
    const value = parameters[reference.name] ?? null
    return { kind: 'value', digest: digestOf(value), value }
  }
  if (reference.scheme === 'pipeline') {
    const found = await outputOfPipeline(db.read, scope.project, run, reference)
    if (typeof found !== 'string') return found
    if (reference.optional) return undefined
    throw new MissingOutput(`${found} Mark the reference with "?" if the step can do without.`)
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

/** The output of the run that started this one, else of the newest that finished; a sentence when there is none. */
async function outputOfPipeline(
  db: Engine['db']['read'],
  project: string,
  run: string,
  { name, step, output }: Extract<InputReference, { scheme: 'pipeline' }>,
): Promise<Artifact | string> {
  const self = await db
    .selectFrom('pipeline_run')
    .select('cause')
    .where('project_id', '=', project)
    .where('id', '=', run)
    .executeTakeFirst()
  const causes = self
    ? (JSON.parse(self.cause) as PipelineRunCause).refs.flatMap((ref) => {
        const parts = parseUrn(ref.urn)
        return parts?.kind === 'pipeline-run' ? [parts.id] : []
      })
    : []
  const finished = () =>
    db
      .selectFrom('pipeline_run')
      .select('id')
      .where('project_id', '=', project)
      .where('pipeline', '=', name)
      .where('state', '=', 'finished')
  const found =
    (causes.length > 0 ? await finished().where('id', 'in', causes).executeTakeFirst() : undefined) ??
    (await finished().orderBy('id', 'desc').limit(1).executeTakeFirst())
  if (!found) return `no run of pipeline "${name}" has finished yet.`
  const row = await db
    .selectFrom('pipeline_step')
    .select('outputs')
    .where('project_id', '=', project)
    .where('run_id', '=', found.id)
    .where('name', '=', step)
    .executeTakeFirst()
  if (!row) return `pipeline "${name}" has no step "${step}" in its run ${found.id}.`
  const outputs = JSON.parse(row.outputs) as StepArtifact[]
  const made = outputs.find((one) => one.name === output)
  if (!made)
    return `step "${step}" of ${found.id} made no output "${output}"; it made ${outputs.map((one) => one.name).join(', ') || 'none'}.`
  const artifact = toArtifact(made)
  // Where it is no entity of its own, the run that made it is what was read.
  return artifact.urn === undefined ? { ...artifact, urn: urn(project, 'pipeline-run', found.id) } : artifact
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

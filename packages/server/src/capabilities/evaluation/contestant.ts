import type { DatasetVersion, EvaluatedModel } from '@trivium/contract'
import { parseUrn } from '../../kernel/ids/index.ts'
import type { Artifact, BatchScorer, BlobStore, ModelSignature } from '../../kernel/ports/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { type ChosenFeatures, chooseFeatures } from './choose-features.ts'
import { type ChosenOutput, chooseOutput, hasOutput } from './choose-output.ts'
import type { Task } from './metric-words.ts'
import { findModelFile, type ModelFile } from './model-file.ts'
import type { EvaluationSettings } from './settings.ts'
import type { TrainingFinder } from './training-range.ts'

/** A model that takes part in an evaluation. */
export interface Contestant {
  readonly role: 'candidate' | 'champion'
  /** `arrival-delay v3`, or its role where it is not registered yet. */
  readonly name: string
  /** As messages begin with it: `The candidate`, `The champion (arrival-delay v3)`. */
  readonly called: string
  readonly urn: string | null
  readonly file: ModelFile
  readonly signature: ModelSignature
  readonly features: ChosenFeatures
  readonly training: DatasetVersion | undefined
}

/** Finds the file of a model, reads its signature in a process that it may crash, and what it was trained on. */
export async function meetContestant(
  deps: { blobs: BlobStore; scorer: BatchScorer; training: TrainingFinder },
  scope: Scope,
  {
    role,
    artifact,
    trainedOn,
    settings,
  }: { role: Contestant['role']; artifact: Artifact; trainedOn?: string; settings: EvaluationSettings },
): Promise<Contestant> {
  const entity = artifact.urn === undefined ? undefined : parseUrn(artifact.urn)
  const name = entity ? `${entity.id}${entity.version === undefined ? '' : ` v${entity.version}`}` : role
  const called = `The ${role}${entity ? ` (${name})` : ''}`
  const file = await findModelFile(deps.blobs, scope.project, artifact, called)
  const signature = await deps.scorer.inspect(file.path)
  const urn = artifact.urn
  const training = await deps.training.find(scope, {
    digest: file.digest,
    ...(urn === undefined ? {} : { urn }),
    ...(trainedOn === undefined ? {} : { stated: trainedOn }),
  })
  return {
    role,
    name,
    called,
    urn: urn ?? null,
    file,
    signature,
    training,
    features: chooseFeatures(signature, file, settings.features, called),
  }
}

/** The output that is the prediction. The name in the settings is the candidate's; a champion without such an output is asked for its own. */
export function outputOf(
  { role, signature, called }: Contestant,
  { prediction }: EvaluationSettings,
  task: Task,
): ChosenOutput {
  const wanted =
    role === 'candidate' || (prediction !== undefined && hasOutput(signature, prediction)) ? prediction : undefined
  return chooseOutput(signature, wanted, task, called)
}

/** The contestant as a result keeps it. */
export function asEvaluated({ urn, name, file, features, training }: Contestant, output: ChosenOutput): EvaluatedModel {
  return {
    urn,
    name,
    digest: file.digest,
    output: output.name,
    features: [...features.columns],
    trainedOn: training?.urn ?? null,
  }
}

import type { PipelineStep } from '@trivium/contract'
import type { KeyPart } from '../cache/cache-key.ts'
import { asText } from '../definition/interpolate.ts'
import type { Engine, LoadedVersion } from '../runs/engine.ts'

/** What the step kinds `python` and `command` are configured with. */
export type UserCodeConfiguration = Readonly<{
  step: PipelineStep
  version: LoadedVersion
  settings: Readonly<Record<string, unknown>>
}>

/** The module of a python step's target. */
export const moduleOf = (step: PipelineStep): string =>
  typeof step.run === 'string' ? (step.run.split(':')[0] ?? '') : ''

/** The lock file of a definition; undefined is the plain interpreter. */
export async function lockOf(
  { blobs }: Pick<Engine, 'blobs'>,
  project: string,
  version: LoadedVersion,
): Promise<Buffer | undefined> {
  const { environment } = version.definition
  return environment ? blobs.read(project, environment.digest) : undefined
}

/** The files that the code of a pipeline consists of; the lock file is the environment's, not the code's. */
export function codeFiles(version: LoadedVersion): LoadedVersion['files'] {
  const lock = version.definition.environment?.lock
  return Object.fromEntries(Object.entries(version.files).filter(([path]) => path !== lock))
}

/** The parts of a cache key that say which code runs, and in which environment. */
export async function userCodeParts(
  engine: Pick<Engine, 'blobs' | 'bundles' | 'environments'>,
  project: string,
  step: PipelineStep,
  version: LoadedVersion,
): Promise<KeyPart[]> {
  const environment: KeyPart = {
    part: 'environment',
    value: await engine.environments.digestOf(await lockOf(engine, project, version)),
  }
  const target: KeyPart = {
    part: 'target',
    value: Array.isArray(step.run) ? JSON.stringify(step.run) : asText(step.run),
  }
  if (step.kind === 'python') {
    const closure = await engine.bundles.closure(
      project,
      version.definition.codeDigest,
      codeFiles(version),
      moduleOf(step),
    )
    return [target, { part: 'code', value: closure.digest, files: closure.files }, environment]
  }
  // What a command reads cannot be known: all of the code counts.
  const files = Object.fromEntries(Object.entries(codeFiles(version)).map(([path, { digest }]) => [path, digest]))
  return [target, { part: 'code', value: version.definition.codeDigest, files }, environment]
}

import { Readable } from 'node:stream'
import { AppError } from '../../../kernel/errors/index.ts'
import { digestOf } from '../../../kernel/ids/index.ts'
import type { Mask } from '../../../kernel/masking/index.ts'
import type { Artifact, BlobStore, StepContext, StepKind, StepResult } from '../../../kernel/ports/index.ts'
import { authorize } from '../../../kernel/principal/index.ts'
import { isPlainMap } from '../definition/field-reader.ts'
import { stepErrors } from '../errors.ts'
import type { Engine } from '../runs/engine.ts'
import { StepFailure, toStepFailure } from '../runs/step-failure.ts'
import type { UserCodeConfiguration } from './user-code-parts.ts'

/**
 * Hands a step the secrets that it names, as environment variables, and keeps them out of everything that comes back from it: log lines, errors, values and
 * evidence are masked, and a file that holds one is refused. They are in no input, no cache key and no file of ours.
 */
export function withSecrets(engine: Engine, make: (engine: Engine) => StepKind): StepKind {
  const plain = make(engine)
  return {
    ...plain,
    run: async (context, configuration) => {
      const { step, settings } = configuration as unknown as UserCodeConfiguration
      const references = step.secrets ?? {}
      if (Object.keys(references).length === 0) return plain.run(context, configuration)
      const { env, mask } = await take(engine, context, references)
      const out = mask.lines()
      const err = mask.lines()
      const log: StepContext['log'] = (line, stream = 'stdout') =>
        context.log((stream === 'stdout' ? out : err)(line), stream)
      const guarded = make(
        Object.create(engine, { blobs: { value: guardBlobs(engine.blobs, mask, step.name) } }) as Engine,
      )
      const declared = settings['env'] as Readonly<Record<string, string>> | undefined
      try {
        const result = await guarded.run(
          { ...context, log },
          { ...configuration, settings: { ...settings, env: { ...declared, ...env } } },
        )
        return maskResult(result, mask)
      } catch (error) {
        throw maskFailure(toStepFailure(step.name, error), mask)
      }
    },
  }
}

/** With the permissions that whoever started the run has now, as the run's own token carries them. */
async function take(engine: Engine, context: StepContext, references: Readonly<Record<string, string>>) {
  const { project, runId: run, pipeline, step } = context
  try {
    const token = await engine.tokens.secretOf({ project, id: run, startedBy: context.startedBy.id })
    const found = await engine.access.authenticate({ authorization: `Bearer ${token}` })
    if (!found) throw stepErrors.SECRETS_REFUSED(step, 'the token of the run is not known.')
    const scope = authorize(found.principal, project, 'secret:use')
    return await engine.secrets.handOut(scope, { references, run, pipeline, step })
  } catch (error) {
    if (error instanceof AppError) throw stepErrors.SECRETS_REFUSED(step, error.message)
    throw error
  }
}

function guardBlobs(blobs: BlobStore, mask: Mask, step: string): BlobStore {
  return Object.assign(Object.create(blobs) as BlobStore, {
    put: async (project, content, options) => {
      const source = content instanceof Readable ? content : Readable.from([content])
      try {
        const refuse = (name: string): Error => stepErrors.SECRET_IN_OUTPUT(step, name)
        return await blobs.put(project, mask.guard(source, refuse), options)
      } finally {
        source.destroy()
      }
    },
  } satisfies Pick<BlobStore, 'put'>)
}

function maskResult(result: StepResult, mask: Mask): StepResult {
  const outputs = Object.fromEntries(
    Object.entries(result.outputs).map(([name, artifact]) => [name, maskArtifact(artifact, mask)]),
  )
  const evidence = result.evidence?.map((one) => {
    const masked = mask.json(one)
    return { ...masked, digest: digestOf(masked.data) }
  })
  return { ...result, outputs, ...(evidence ? { evidence } : {}) }
}

function maskArtifact(artifact: Artifact, mask: Mask): Artifact {
  if (artifact.kind !== 'value' && artifact.kind !== 'evidence') {
    // The names of files in a directory.
    return isPlainMap(artifact.value) ? { ...artifact, value: mask.json(artifact.value) } : artifact
  }
  const value = mask.json(artifact.value)
  return { ...artifact, value, digest: digestOf(value) }
}

function maskFailure(failure: StepFailure, mask: Mask): StepFailure {
  const { code, message, detail, outcome, exitCode, enteredAt } = failure
  return new StepFailure(new AppError(code, 422, mask.text(message)), {
    outcome,
    exitCode,
    ...(detail === null ? {} : { detail: mask.text(detail) }),
    ...(enteredAt === null ? {} : { enteredAt }),
  })
}

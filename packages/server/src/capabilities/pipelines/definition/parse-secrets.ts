import type { PipelineStep } from '@trivium/contract'
import { nearestName } from '../../../kernel/errors/index.ts'
import { parseSecretReference } from '../../secrets/index.ts'
import { type FieldReader, isPlainMap, show } from './field-reader.ts'

const variable = /^[A-Za-z_][A-Za-z0-9_]{0,126}$/
/** What the runner itself sets, and what decides which code runs. */
const reserved = /^(TRIVIUM_|MLFLOW_TRACKING_|PYTHON|LD_|DYLD_)|^(PATH|HOME|IFS|ENV|BASH_ENV)$/

/** `secrets: {VARIABLE: secret-name}`; `known` undefined: not checked whether it exists. */
export function parseSecrets(
  fields: FieldReader,
  step: Pick<PipelineStep, 'kind' | 'with'>,
  known: ReadonlySet<string> | undefined,
): Pick<PipelineStep, 'secrets'> {
  const given = Object.entries(fields.map('secrets'))
  if (given.length === 0) return {}
  if (step.kind !== 'python' && step.kind !== 'command')
    fields.report('secrets', `only steps of kind python and command are given secrets, not kind "${step.kind}".`)
  const declared = isPlainMap(step.with['env']) ? step.with['env'] : {}
  const secrets: Record<string, string> = {}
  for (const [name, reference] of given) {
    const report = (message: string): void => fields.report('secrets', message)
    if (!variable.test(name)) report(`"${name}" is no name for an environment variable.`)
    else if (reserved.test(name)) report(`"${name}" is set by the runner; choose another variable.`)
    else if (Object.hasOwn(declared, name)) report(`"${name}" is set by "env" too; keep one of the two.`)
    if (typeof reference !== 'string') {
      report(`"${name}" must be the name of a secret, not ${show(reference)}.`)
      continue
    }
    const { name: secret } = parseSecretReference(reference)
    if (known && !known.has(secret)) {
      const nearest = nearestName(secret, [...known])
      report(
        `"${name}": there is no secret "${secret}" in this project. ${nearest === undefined ? `Set it: trivium secrets set NAME.` : `Did you mean "${nearest}"?`}`,
      )
    }
    secrets[name] = reference
  }
  return { secrets }
}

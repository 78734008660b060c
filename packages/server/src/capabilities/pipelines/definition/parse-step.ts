import type { ArtifactKind, PipelineParameter, PipelineStep } from '@trivium/contract'
import type { StepKind } from '../../../kernel/ports/index.ts'
import { type FieldReader, isPlainMap, readFields, show } from './field-reader.ts'
import { interpolate, placeholdersIn } from './interpolate.ts'
import { parseReach } from './parse-reach.ts'
import { parseDuration } from '../../../kernel/clock/index.ts'
import { parseReference } from './parse-reference.ts'
import { parseSecrets } from './parse-secrets.ts'
import type { YamlSource } from './yaml-source.ts'

interface Surroundings {
  readonly params: readonly PipelineParameter[]
  readonly bundle: Readonly<Record<string, string>>
  readonly kinds: ReadonlyMap<string, StepKind>
  readonly secrets?: ReadonlySet<string> | undefined
}

const stepKeys = [
  'kind',
  'needs',
  'in',
  'out',
  'params',
  'with',
  'run',
  'retry',
  'timeout',
  'cache',
  'network',
  'resources',
  'secrets',
]
const outputKinds: readonly ArtifactKind[] = ['file', 'directory', 'dataset', 'model', 'value', 'evidence']
const partName = /^[A-Za-z_][A-Za-z0-9_-]{0,62}$/
const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/

/** One step, checked by itself; `checkGraph` checks it against the others. */
export function parseStep(source: YamlSource, name: string, value: unknown, around: Surroundings): PipelineStep {
  const fields = readFields(source, ['steps', name], value, stepKeys)
  if (!partName.test(name))
    fields.report(undefined, 'a step is named by letters, digits, underscore and hyphen, beginning with a letter.')
  const kindName = fields.text('kind', 'python')
  const kind = around.kinds.get(kindName)
  if (!kind)
    fields.report(
      'kind',
      `there is no step kind "${kindName}". Known: ${[...around.kinds.keys()].toSorted().join(', ')}.`,
    )
  const step: PipelineStep = {
    name,
    kind: kindName,
    needs: fields.texts('needs'),
    in: parseInputs(fields),
    out: parseOutputs(source, fields),
    params: parseParams(fields, around.params),
    with: fields.map('with'),
    run: null,
    retry: parseRetry(source, fields),
    timeoutMs: fields.duration('timeout') ?? null,
    cache: kind?.caching ?? 'content',
  }
  Object.assign(step, parseReach(source, fields, step))
  Object.assign(step, parseSecrets(fields, step, around.secrets))
  checkPlaceholders(fields, 'with', step.with, around.params)
  const cache = fields.text('cache', step.cache)
  if (cache !== 'content' && cache !== 'never') fields.report('cache', `must be content or never, not "${cache}".`)
  else if (cache === 'content' && kind?.caching === 'never')
    fields.report('cache', `a step of kind "${kindName}" acts on the world and is never cached.`)
  else step.cache = cache
  if (kindName === 'python') step.run = parseTarget(fields, step, around.bundle)
  else if (kindName === 'command') step.run = parseCommand(fields, step)
  else if (fields.has('run'))
    fields.report(
      'run',
      `only steps of kind python and command have "run"; kind "${kindName}" is configured by "with".`,
    )
  // With the defaults put in, so that a kind judges values and not placeholders.
  const defaults = Object.fromEntries(around.params.map((parameter) => [parameter.name, parameter.default]))
  for (const message of kind?.check(interpolate(step.with, defaults)) ?? []) fields.report('with', message)
  for (const input of kind?.requiredInputs ?? []) {
    if (step.in[input] === undefined)
      fields.report('in', `input "${input}" is missing; a step of kind "${kindName}" needs it.`)
  }
  return step
}

function parseInputs(fields: FieldReader): Record<string, string> {
  const inputs: Record<string, string> = {}
  for (const [name, reference] of Object.entries(fields.map('in'))) {
    if (!partName.test(name)) fields.report('in', `"${name}" is no name for an input.`)
    if (typeof reference !== 'string')
      fields.report('in', `input "${name}" must be a reference such as steps.STEP.OUTPUT, not ${show(reference)}.`)
    else {
      const parsed = parseReference(reference)
      if (typeof parsed === 'string') fields.report('in', `input "${name}": ${parsed}`)
      inputs[name] = reference
    }
  }
  return inputs
}

function parseOutputs(source: YamlSource, fields: FieldReader): PipelineStep['out'] {
  const outputs: PipelineStep['out'] = {}
  for (const [name, value] of Object.entries(fields.map('out'))) {
    if (!partName.test(name)) fields.report('out', `"${name}" is no name for an output.`)
    const kind =
      typeof value === 'string'
        ? value
        : value === null
          ? 'file'
          : readFields(source, [...fields.path, 'out', name], value, ['kind']).text('kind', 'file')
    if (!outputKinds.includes(kind as ArtifactKind))
      fields.report('out', `output "${name}": "${kind}" is no kind of output. Known: ${outputKinds.join(', ')}.`)
    outputs[name] = { kind: kind as ArtifactKind }
  }
  return outputs
}

/** Either the names of pipeline parameters, or names with values that may hold `${params.NAME}`. */
function parseParams(fields: FieldReader, declared: readonly PipelineParameter[]): Record<string, unknown> {
  const raw = fields.raw('params')
  if (Array.isArray(raw)) {
    const known = new Set(declared.map((parameter) => parameter.name))
    const named = fields.texts('params')
    for (const name of named)
      if (!known.has(name))
        fields.report('params', `the pipeline has no parameter "${name}". It has: ${[...known].join(', ') || 'none'}.`)
    return Object.fromEntries(named.map((name) => [name, `\${params.${name}}`]))
  }
  const params = fields.map('params')
  checkPlaceholders(fields, 'params', params, declared)
  return params
}

function checkPlaceholders(
  fields: FieldReader,
  key: string,
  value: unknown,
  declared: readonly PipelineParameter[],
): void {
  for (const placeholder of placeholdersIn(value)) {
    const name = /^params\.(.+)$/.exec(placeholder)?.[1]
    if (name === undefined)
      fields.report(key, `\${${placeholder}} is unknown here; \${params.NAME} is what can be put in.`)
    else if (!declared.some((parameter) => parameter.name === name))
      fields.report(key, `\${params.${name}}: the pipeline has no parameter "${name}".`)
  }
}

function parseRetry(source: YamlSource, fields: FieldReader): PipelineStep['retry'] {
  const raw = fields.raw('retry')
  if (!isPlainMap(raw)) return { max: fields.integer('retry', 0, 0, 100), backoffMs: 1000 }
  const retry = readFields(source, [...fields.path, 'retry'], raw, ['max', 'backoff'])
  return { max: retry.integer('max', 1, 0, 100), backoffMs: retry.duration('backoff') ?? parseDuration('1s') ?? 0 }
}

function parseTarget(fields: FieldReader, step: PipelineStep, bundle: Readonly<Record<string, string>>): string | null {
  const target = fields.text('run', '')
  const match = /^([A-Za-z_][A-Za-z0-9_.]*):([A-Za-z_][A-Za-z0-9_]*)$/.exec(target)
  if (!match) {
    fields.report(
      'run',
      target === ''
        ? 'a python step needs "run: module:function".'
        : `"${target}" is no target; write module:function.`,
    )
    return null
  }
  const path = (match[1] ?? '').replaceAll('.', '/')
  if (bundle[`${path}.py`] === undefined && bundle[`${path}/__init__.py`] === undefined) {
    fields.report(
      'run',
      `module "${match[1]}" is neither ${path}.py nor ${path}/__init__.py in the code of this pipeline.`,
    )
  }
  const seen = new Map<string, string>()
  for (const [group, names] of [
    ['in', step.in],
    ['out', step.out],
    ['params', step.params],
  ] as const) {
    for (const name of Object.keys(names)) {
      if (!identifier.test(name))
        fields.report(
          group,
          `"${name}" cannot be an argument of a Python function; use letters, digits and underscore.`,
        )
      const other = seen.get(name)
      if (other)
        fields.report(
          group,
          `"${name}" is in "${other}" too; inputs, outputs and parameters are arguments of one function and need different names.`,
        )
      seen.set(name, group)
    }
  }
  return target
}

function parseCommand(fields: FieldReader, step: PipelineStep): string[] {
  const argv = fields.texts('run')
  if (argv.length === 0) fields.report('run', 'a command step needs "run", the list of its arguments.')
  for (const placeholder of placeholdersIn(argv)) {
    const [group, name] = placeholder.split(/\.(.*)/s)
    const known = group === 'in' ? step.in : group === 'out' ? step.out : group === 'params' ? step.params : undefined
    if (!known)
      fields.report(
        'run',
        `\${${placeholder}} is unknown here; \${in.NAME}, \${out.NAME} and \${params.NAME} are what can be put in.`,
      )
    else if (name === undefined || !Object.hasOwn(known, name))
      fields.report('run', `\${${placeholder}}: the step has no "${name ?? ''}" in its "${group}".`)
  }
  return argv
}

import type { PipelineDefinition, PipelineParameter } from '@trivium/contract'
import { AppError } from '../../../kernel/errors/index.ts'
import type { StepKind } from '../../../kernel/ports/index.ts'
import { digestOf } from '../../../kernel/ids/index.ts'
import { pipelineErrors } from '../errors.ts'
import { checkGraph } from './check-graph.ts'
import { isPlainMap, readFields, show } from './field-reader.ts'
import { fitsType, typeOfValue } from './parameter-value.ts'
import { parseRequirements } from './parse-requirements.ts'
import { parseStep } from './parse-step.ts'
import { parseTriggers } from './parse-triggers.ts'
import { readYaml, type YamlSource } from './yaml-source.ts'

/** What a definition is read from. */
export interface DefinitionSource {
  readonly yaml: string
  /** How messages call the file. */
  readonly path: string
  /** The uploaded files: path → digest. */
  readonly files: Readonly<Record<string, string>>
  readonly kinds: ReadonlyMap<string, StepKind>
  /** Secrets that steps may name; left out, it is not checked whether they exist. */
  readonly secrets?: ReadonlySet<string>
}

export const partName = /^[A-Za-z_][A-Za-z0-9_-]{0,62}$/
const entityName = /^[A-Za-z0-9][A-Za-z0-9._ -]{0,199}$/
const topKeys = ['name', 'description', 'production', 'params', 'environment', 'code', 'requires', 'steps', 'triggers']

/** A pipeline.yaml as an immutable definition, with the files of its bundle. Throws PIPELINES.INVALID_DEFINITION with every problem, each with file, line and key. */
export function parseDefinition(input: DefinitionSource): {
  definition: PipelineDefinition
  bundle: Record<string, string>
} {
  const source = readYaml(input.yaml, input.path)
  if (source.problems.length > 0) throw invalid(source)
  const top = readFields(source, [], source.value, topKeys)
  if (source.problems.length > 0 && !isPlainMap(source.value)) throw invalid(source)
  const name = top.text('name', '')
  if (!entityName.test(name))
    top.report('name', 'a pipeline needs a name of letters, digits, dot, underscore, hyphen and space.')
  const production = top.raw('production') ?? false
  if (typeof production !== 'boolean') top.report('production', `must be true or false, not ${show(production)}.`)
  const params = parseParameters(source, top.map('params'))
  const lock = parseLock(source, top.raw('environment'), input.files)
  const code = top.has('code') ? top.texts('code') : undefined
  const bundle = bundleOf(source, code, input.files)
  // The lock is the environment's: a change of it alone is no change of the code.
  if (lock) delete bundle[lock.lock]
  const steps = Object.entries(top.map('steps'))
  if (steps.length === 0) top.report('steps', 'a pipeline needs at least one step.')
  if (steps.length > 1000) top.report('steps', 'a pipeline may have 1000 steps at most.')
  const around = { params, bundle, kinds: input.kinds, secrets: input.secrets }
  const parsed = steps.map(([step, value]) => parseStep(source, step, value, around))
  const ordered = checkGraph(source, parsed)
  const triggers = parseTriggers(source, top.raw('triggers'), params)
  const requires = parseRequirements(source, top.raw('requires'))
  if (source.problems.length > 0) throw invalid(source)
  return {
    definition: {
      name,
      description: top.text('description', ''),
      ...(production === true ? { production } : {}),
      params,
      environment: lock,
      code: code ?? [],
      codeDigest: digestOf(bundle),
      steps: ordered,
      triggers,
      ...(requires.length === 0 ? {} : { requires }),
    },
    bundle,
  }
}

function invalid(source: YamlSource): AppError {
  const shown = source.problems.slice(0, 5).map((problem) => problem.message)
  const more = source.problems.length - shown.length
  const { code, status, message } = pipelineErrors.INVALID_DEFINITION(
    [...shown, ...(more > 0 ? [`… and ${more} more.`] : [])].join('\n'),
  )
  return new AppError(code, status, message, { errors: source.problems.slice(0, 100) })
}

function parseParameters(source: YamlSource, declared: Record<string, unknown>): PipelineParameter[] {
  return Object.entries(declared).map(([name, value]) => {
    const path = ['params', name]
    if (!partName.test(name))
      source.report(path, 'a parameter is named by letters, digits, underscore and hyphen, beginning with a letter.')
    if (!isPlainMap(value)) {
      const type = typeOfValue(value)
      if (!type) source.report(path, 'needs a default value, or {type, default, description}.')
      return { name, type: type ?? 'string', default: value, description: '' }
    }
    const fields = readFields(source, path, value, ['type', 'default', 'description'])
    const fallback = fields.raw('default')
    const inferred = typeOfValue(fallback)
    const type = fields.text('type', inferred ?? 'string') as PipelineParameter['type']
    if (!['string', 'number', 'integer', 'boolean', 'list', 'map'].includes(type))
      fields.report('type', `"${type}" is no type. Known: string, number, integer, boolean, list, map.`)
    else if (inferred === undefined) fields.report(undefined, 'needs a default value.')
    else if (!fitsType(fallback, type)) fields.report('default', `${show(fallback)} is not of type ${type}.`)
    return { name, type, default: fallback ?? null, description: fields.text('description', '') }
  })
}

function parseLock(
  source: YamlSource,
  value: unknown,
  files: Readonly<Record<string, string>>,
): PipelineDefinition['environment'] {
  if (value === undefined || value === null || value === 'none') return null
  const fields = readFields(source, ['environment'], value, ['lock'])
  const lock = fields.text('lock', '')
  if (lock === '') {
    fields.report(
      undefined,
      'needs "lock", the path of a requirements.txt with hashes, or is left out for the plain interpreter.',
    )
    return null
  }
  const digest = files[lock]
  if (digest === undefined) fields.report('lock', `file "${lock}" is not among the uploaded files.`)
  return { lock, digest: digest ?? '' }
}

function bundleOf(
  source: YamlSource,
  code: readonly string[] | undefined,
  files: Readonly<Record<string, string>>,
): Record<string, string> {
  for (const path of Object.keys(files)) {
    if (
      path.startsWith('/') ||
      path.includes('\\') ||
      path.split('/').some((part) => part === '' || part === '.' || part === '..')
    ) {
      source.report(
        [],
        `file path "${path}" is not allowed: paths are relative, with forward slashes and without "..".`,
      )
    }
  }
  if (!code) return { ...files }
  const bundle: Record<string, string> = {}
  for (const [index, entry] of code.entries()) {
    const clean = entry.replace(/^\.\//, '').replace(/\/+$/, '')
    const matched =
      clean === '' || clean === '.'
        ? Object.keys(files)
        : Object.keys(files).filter((path) => path === clean || path.startsWith(`${clean}/`))
    if (matched.length === 0) source.report(['code', index], `no uploaded file is "${entry}" or below it.`)
    for (const path of matched) bundle[path] = files[path] ?? ''
  }
  return bundle
}

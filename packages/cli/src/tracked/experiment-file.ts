import { dirname, relative, resolve } from 'node:path'
import { type ConfigurationChange, configurationChanges, type RunConfiguration } from '@trivium/contract'
import { UsageError } from '../fail.ts'
import { readText } from '../read-document.ts'
import type { Terminal } from '../terminal.ts'

type Place = Pick<Terminal, 'cwd'>
type Json = Record<string, unknown>

/** An experiment that a file describes, with what its bases say filled in. */
export interface ExperimentFile {
  readonly file: string
  readonly text: string
  readonly experiment: string
  readonly name: string | undefined
  readonly hypothesis: string
  readonly params: Readonly<Record<string, unknown>>
  /** Versions of datasets by what the program calls them: `{ training: flights@3 }`. */
  readonly data: Readonly<Record<string, string>>
  /** Empty where it names a pipeline. */
  readonly command: readonly string[]
  /** A pipeline of the project that is run in place of a command: `late` is its newest version, `late@3` that one. */
  readonly pipeline: string | undefined
  readonly resolved: Json
  /** The file that it is based on; undefined where it stands for itself. */
  readonly base: ExperimentFile | undefined
}

const known = ['experiment', 'name', 'hypothesis', 'base', 'params', 'data', 'command', 'pipeline']
const deepest = 20

/** Reads an experiment from its file, with everything that its base says and it does not. */
export async function readExperimentFile(
  place: Place,
  file: string,
  below: readonly string[] = [],
): Promise<ExperimentFile> {
  const path = resolve(place.cwd, file)
  const shown = relative(place.cwd, path)
  if (below.includes(path))
    throw new UsageError(
      `${shown} is its own base: ${[...below, path].map((one) => relative(place.cwd, one)).join(', ')}.`,
    )
  if (below.length > deepest) throw new UsageError(`${shown} stands on more than ${deepest} bases.`)
  const text = await readText(place, file)
  const own = await readMap(shown, text)
  const unknown = Object.keys(own).find((key) => !known.includes(key))
  if (unknown !== undefined)
    throw new UsageError(`${shown} says "${unknown}", which means nothing. An experiment has ${known.join(', ')}.`)
  const base =
    own['base'] === undefined
      ? undefined
      : await readExperimentFile(place, resolve(dirname(path), textOf(shown, own, 'base') ?? ''), [...below, path])
  const resolved = merged(base?.resolved ?? {}, withoutKeys(own, ['base', 'hypothesis', 'name']))
  const pipeline = pipelineOf(shown, resolved)
  return {
    file: shown,
    text,
    experiment: textOf(shown, resolved, 'experiment') ?? 'Default',
    name: textOf(shown, own, 'name'),
    // What one expects belongs to the change, not to what it stands on.
    hypothesis: textOf(shown, own, 'hypothesis') ?? '',
    params: mapOf(shown, resolved, 'params'),
    data: versionsOf(shown, mapOf(shown, resolved, 'data')),
    command: pipeline === undefined ? commandOf(shown, resolved['command']) : [],
    pipeline,
    resolved,
    base,
  }
}

/** What a run keeps of its experiment. */
export const configurationOf = (experiment: ExperimentFile): RunConfiguration => ({
  file: experiment.file,
  text: experiment.text,
  base: experiment.base === undefined ? null : { file: experiment.base.file, text: experiment.base.text },
  hypothesis: experiment.hypothesis,
  resolved: { ...experiment.resolved },
  changes: changesOf(experiment),
})

/** What an experiment changes of its base, or of another one. */
export const changesOf = (experiment: ExperimentFile, against = experiment.base): ConfigurationChange[] =>
  against === undefined ? [] : configurationChanges(against.resolved, experiment.resolved)

/** The command with the values of parameters in place of their names: `--depth={params.depth}`. */
export function commandWithValues({ command, params, file }: ExperimentFile): string[] {
  return command.map((word) =>
    word.replaceAll(/\{params\.([\w.-]+)\}/g, (_all, name: string) => {
      const value = name.split('.').reduce<unknown>((at, key) => (isMap(at) ? at[key] : undefined), params)
      if (value === undefined || value === null)
        throw new UsageError(`The command of ${file} names the parameter "${name}", which has no value.`)
      return paramText(value)
    }),
  )
}

/** Parameters as a run has them: names of inner ones joined by dots. */
export function flatParams(params: Readonly<Record<string, unknown>>, before = ''): Record<string, string> {
  return Object.fromEntries(
    Object.entries(params).flatMap(([key, value]) =>
      isMap(value) && Object.keys(value).length > 0
        ? Object.entries(flatParams(value, `${before}${key}.`))
        : [[`${before}${key}`, paramText(value)] as const],
    ),
  )
}

const paramText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

async function readMap(shown: string, text: string): Promise<Json> {
  const { parse } = await import('yaml')
  let value: unknown
  try {
    value = parse(text)
  } catch (error) {
    throw new UsageError(`${shown} is no YAML: ${(error as Error).message.split('\n')[0]}`)
  }
  if (!isMap(value)) throw new UsageError(`${shown} must hold names and values, such as params: {depth: 3}.`)
  return value
}

/** What is said below wins; null takes something away that the base says. */
function merged(base: Json, own: Json): Json {
  const result: Json = { ...base }
  for (const [key, value] of Object.entries(own)) {
    const before = result[key]
    if (value === null) delete result[key]
    else result[key] = isMap(before) && isMap(value) ? merged(before, value) : isMap(value) ? merged({}, value) : value
  }
  return result
}

const isMap = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

const withoutKeys = (map: Json, keys: readonly string[]): Json =>
  Object.fromEntries(Object.entries(map).filter(([key]) => !keys.includes(key)))

function textOf(shown: string, map: Json, key: string): string | undefined {
  const value = map[key]
  if (value === undefined || typeof value === 'string') return value
  throw new UsageError(`"${key}" of ${shown} must be a text.`)
}

function mapOf(shown: string, map: Json, key: string): Json {
  const value = map[key] ?? {}
  if (isMap(value)) return value
  throw new UsageError(`"${key}" of ${shown} must hold names and values.`)
}

function versionsOf(shown: string, data: Json): Record<string, string> {
  return Object.fromEntries(
    Object.entries(data).map(([name, version]) => {
      if (typeof version === 'string' && /^[\w.-]+@\d+$/.test(version)) return [name, version]
      throw new UsageError(`The data "${name}" of ${shown} must be a version of a dataset, such as flights@3.`)
    }),
  )
}

function commandOf(shown: string, command: unknown): string[] {
  const words = Array.isArray(command) ? command : undefined
  if (words?.every((word) => typeof word === 'string') && words.length > 0) return words as string[]
  throw new UsageError(
    `${shown} needs a command as a list of words, such as command: [python, train.py], or a pipeline, such as pipeline: late.`,
  )
}

/** A pipeline reads the data that its own definition names: what else a file says would be no more than a claim. */
function pipelineOf(shown: string, resolved: Json): string | undefined {
  const pipeline = textOf(shown, resolved, 'pipeline')
  if (pipeline === undefined) return undefined
  if (!/^[\w.-]+(@\d+)?$/.test(pipeline))
    throw new UsageError(`The pipeline of ${shown} must be its name, or name and version, such as late@3.`)
  if (resolved['command'] !== undefined)
    throw new UsageError(`${shown} has a command and a pipeline. Take one away, such as by command: null.`)
  if (Object.keys(mapOf(shown, resolved, 'data')).length > 0)
    throw new UsageError(
      `${shown} names data, but its pipeline names its own. Give the version as a parameter of the pipeline.`,
    )
  return pipeline
}

/** The same experiment with the version of its pipeline that will run; a base that names the same without a version means the same one. */
export function withPipelineVersion(experiment: ExperimentFile, version: number): ExperimentFile {
  const { pipeline, base, resolved } = experiment
  if (pipeline === undefined) return experiment
  const exact = `${pipeline.split('@')[0]}@${version}`
  return {
    ...experiment,
    pipeline: exact,
    resolved: { ...resolved, pipeline: exact },
    base: base?.pipeline === pipeline ? withPipelineVersion(base, version) : base,
  }
}

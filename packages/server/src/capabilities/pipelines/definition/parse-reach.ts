import type { PipelineStep } from '@trivium/contract'
import { parseMemory } from '../../../kernel/config/index.ts'
import { type FieldReader, readFields, show } from './field-reader.ts'
import type { YamlSource } from './yaml-source.ts'

const resourceKeys = ['memory', 'cpu', 'disk', 'processes', 'time']
const sizes = { memory: 'memoryBytes', disk: 'diskBytes' } as const

/** What code of the step may reach and use: `network: true`, and `resources: {memory, cpu, disk, processes, time}`. */
export function parseReach(
  source: YamlSource,
  fields: FieldReader,
  step: PipelineStep,
): Pick<PipelineStep, 'network' | 'resources'> & { timeoutMs?: number } {
  for (const key of ['network', 'resources'])
    if (fields.has(key) && step.kind !== 'python' && step.kind !== 'command')
      fields.report(key, `only steps of kind python and command have "${key}".`)
  const network = fields.raw('network') ?? false
  if (typeof network !== 'boolean') fields.report('network', `must be true or false, not ${show(network)}.`)
  const reach = network === true ? { network: true as const } : {}
  if (!fields.has('resources')) return reach
  const given = readFields(source, [...fields.path, 'resources'], fields.raw('resources'), resourceKeys)
  const resources: NonNullable<PipelineStep['resources']> = {}
  for (const [key, name] of Object.entries(sizes) as ['memory' | 'disk', 'memoryBytes' | 'diskBytes'][]) {
    if (!given.has(key)) continue
    const bytes = sizeOf(given.text(key, ''))
    if (bytes === undefined) given.report(key, 'must be a size such as 512MB or 2GB.')
    else resources[name] = bytes
  }
  if (given.has('cpu')) resources.cpus = given.integer('cpu', 1, 1, 1024)
  if (given.has('processes')) resources.processes = given.integer('processes', 1, 1, 100_000)
  const timeoutMs = given.duration('time')
  if (timeoutMs !== undefined && step.timeoutMs !== null)
    given.report('time', 'the step has a "timeout" already; keep one of the two.')
  return { ...reach, resources, ...(timeoutMs === undefined ? {} : { timeoutMs }) }
}

function sizeOf(text: string): number | undefined {
  try {
    return parseMemory(text)
  } catch {
    return undefined
  }
}

import type { PipelineStep, StepBoundary, StepResources } from '@trivium/contract'
import { parseMemory } from '../../../kernel/config/index.ts'
import type { ExecutorResult, StepLimits } from '../../../kernel/ports/index.ts'
import type { Engine } from '../runs/engine.ts'

type Settings = Pick<Engine['config'], 'stepMemory' | 'stepDisk' | 'stepCpus' | 'stepProcesses' | 'stepHours'>

/** What a step may use: as its definition says, else as the settings do. */
export function limitsOf(config: Settings, resources: StepResources = {}): StepLimits {
  return {
    memoryBytes: parseMemory(config.stepMemory),
    diskBytes: parseMemory(config.stepDisk),
    processes: config.stepProcesses,
    ...(config.stepCpus === 0 ? {} : { cpus: config.stepCpus }),
    ...resources,
  }
}

/** A limit by its name in the definition and its setting. */
export function limitWords(
  config: Settings,
  limits: StepLimits,
  timeoutMs: number | null,
  limit: NonNullable<ExecutorResult['limit']>,
): { what: string; most: string; mend: string } {
  const { amount, resource, setting } = {
    memory: { amount: bytesText(limits.memoryBytes), resource: 'memory', setting: 'stepMemory' },
    disk: { amount: bytesText(limits.diskBytes), resource: 'disk', setting: 'stepDisk' },
    processes: { amount: String(limits.processes), resource: 'processes', setting: 'stepProcesses' },
    time: {
      amount: timeoutMs === null ? `${config.stepHours} h` : `${timeoutMs / 1000} s`,
      resource: 'time',
      setting: 'stepHours',
    },
  }[limit]
  return {
    what: limit,
    most: `, ${amount}`,
    mend: `Give it more with resources: {${resource}: …} in its definition, or all steps with the setting ${setting}.`,
  }
}

function bytesText(bytes = 0): string {
  const [unit, size] = bytes >= 1e9 ? ['GB', 1e9] : ['MB', 1e6]
  return `${Number((bytes / Number(size)).toFixed(2))} ${unit}`
}

/** What contains the code of a step and what it may use; undefined where none may run. */
export async function boundaryOf(
  { config, executor }: Pick<Engine, 'config' | 'executor'>,
  { network, resources }: Pick<PipelineStep, 'network' | 'resources'>,
): Promise<StepBoundary | undefined> {
  const { memoryBytes = null, diskBytes = null, processes = null, cpus = null } = limitsOf(config, resources)
  const limits = { memoryBytes, diskBytes, processes, cpus }
  if (config.codeExecution === 'off') return undefined
  if (config.codeExecution === 'uncontained') return { contained: false, layers: [], network: 'all', limits }
  const { contained, layers } = await executor.boundary()
  if (!contained) return undefined
  return {
    contained,
    layers: layers.map(({ name, active, found }) =>
      network && name === 'network'
        ? { name, active: false, found: 'the step declares network: true' }
        : { name, active, found },
    ),
    network: network ? 'all' : 'server',
    limits,
  }
}

/** The same in words: the first line of the log of a step. */
export function boundaryText({ contained, layers, network, limits }: StepBoundary): string {
  const most = [
    `memory ${bytesText(limits.memoryBytes ?? 0)}`,
    `disk ${bytesText(limits.diskBytes ?? 0)}`,
    `${limits.processes} processes`,
    ...(limits.cpus === null ? [] : [`${limits.cpus} processors`]),
  ].join(', ')
  if (!contained) return `UNCONTAINED: it may do all that this server may. At most ${most}.`
  const holding = layers.filter(({ active }) => active).map(({ name }) => name)
  const reach = network === 'all' ? 'all of the network' : 'this server only'
  return `Contained by ${holding.join(', ')}; reaches ${reach}. At most ${most}.`
}

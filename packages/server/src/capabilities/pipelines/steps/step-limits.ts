import type { PipelineStep, StepResources } from '@trivium/contract'
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

/** What contains the step and what it may use: the first line of its log. */
export async function boundaryText(
  { config, executor }: Pick<Engine, 'config' | 'executor'>,
  { network }: Pick<PipelineStep, 'network'>,
  limits: StepLimits,
): Promise<string> {
  const most = [
    `memory ${bytesText(limits.memoryBytes)}`,
    `disk ${bytesText(limits.diskBytes)}`,
    `${limits.processes} processes`,
    ...(limits.cpus === undefined ? [] : [`${limits.cpus} processors`]),
  ].join(', ')
  if (config.codeExecution !== 'contained') return `UNCONTAINED: it may do all that this server may. At most ${most}.`
  const { layers } = await executor.boundary()
  const holding = layers.filter(({ active, name }) => active && !(network && name === 'network'))
  const reach = network ? 'all of the network' : 'this server only'
  return `Contained by ${holding.map(({ name }) => name).join(', ')}; reaches ${reach}. At most ${most}.`
}

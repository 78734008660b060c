/** What a metric of the machine is called and measured in. */
export interface SystemMetric {
  readonly label: string
  readonly unit: '%' | 'MB' | 'W' | ''
  /** Which part of the machine: charts stand together by it. */
  readonly part: 'Processor' | 'Memory' | 'Disk' | 'Network' | 'Graphics cards' | 'Other'
}

const prefix = 'system/'
const endings: readonly (readonly [string, SystemMetric['unit']])[] = [
  ['_percentage', '%'],
  ['_megabytes', 'MB'],
  ['_MB', 'MB'],
  ['_power_usage_watts', 'W'],
  ['_watts', 'W'],
]

/** Whether a metric says how busy the machine was, by the prefix that MLflow gives them. */
export const isSystemMetric = (key: string): boolean => key.startsWith(prefix)

/** Reads the name that MLflow gives a metric of the machine: `system/gpu_0_utilization_percentage`. */
export function readSystemMetric(key: string): SystemMetric {
  const name = key.slice(prefix.length)
  const [ending, unit] = endings.find(([end]) => name.endsWith(end)) ?? ['', '' as const]
  const words = name
    .slice(0, name.length - (ending === '_power_usage_watts' ? '_watts'.length : ending.length))
    .replaceAll(/[_/]+/g, ' ')
    .trim()
    .replace(/^cpu\b/, 'CPU')
    .replace(/^gpu (\d+)\b/, 'GPU $1')
  return { label: words === '' ? key : words[0]?.toUpperCase() + words.slice(1), unit, part: partOf(name) }
}

function partOf(name: string): SystemMetric['part'] {
  if (name.includes('gpu')) return 'Graphics cards'
  if (name.startsWith('cpu')) return 'Processor'
  if (name.includes('memory')) return 'Memory'
  if (name.startsWith('disk')) return 'Disk'
  return name.startsWith('network') ? 'Network' : 'Other'
}

/** A value in the unit that reads best: 15,360 MB are 15.4 GB. */
export function systemValue(value: number | null, unit: SystemMetric['unit']): string {
  if (value === null) return '–'
  if (unit === 'MB' && Math.abs(value) >= 1000) return `${rounded(value / 1000)} GB`
  return `${rounded(value)}${unit === '' ? '' : `\u202f${unit}`}`
}

const rounded = (value: number): string =>
  value.toLocaleString('en-GB', { maximumFractionDigits: Math.abs(value) >= 100 ? 0 : 1 })

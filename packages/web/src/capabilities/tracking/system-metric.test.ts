import { expect, test } from 'vitest'
import { isSystemMetric, readSystemMetric, systemValue } from './system-metric.ts'

test('metrics of the machine are told by the names that MLflow gives them', () => {
  expect([isSystemMetric('system/cpu_utilization_percentage'), isSystemMetric('systematic')]).toEqual([true, false])
  expect(
    [
      'system/cpu_utilization_percentage',
      'system/system_memory_usage_megabytes',
      'system/gpu_0_memory_usage_percentage',
      'system/gpu_1_power_usage_watts',
      'system/network_receive_megabytes',
      'system/disk_available_megabytes',
      'system/fans',
    ].map((key) => Object.values(readSystemMetric(key)).join(', ')),
  ).toEqual([
    'CPU utilization, %, Processor',
    'System memory usage, MB, Memory',
    'GPU 0 memory usage, %, Graphics cards',
    'GPU 1 power usage, W, Graphics cards',
    'Network receive, MB, Network',
    'Disk available, MB, Disk',
    'Fans, , Other',
  ])
})

test('values stand in the unit that reads best', () => {
  expect([
    systemValue(15_360, 'MB'),
    systemValue(812.4, 'MB'),
    systemValue(99.96, '%'),
    systemValue(null, 'W'),
  ]).toEqual(['15.4 GB', '812\u202fMB', '100\u202f%', '–'])
})

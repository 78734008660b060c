import type { PipelineTrigger } from '@trivium/contract'
import { parseCron } from '../definition/cron.ts'

type Schedule = NonNullable<PipelineTrigger['schedule']>

/** The last time up to `at` at which a schedule is due. Durations count from 1970-01-01 00:00 UTC. */
export function lastDue(schedule: Schedule, at: number): number | undefined {
  if (schedule.everyMs !== null) return Math.floor(at / schedule.everyMs) * schedule.everyMs
  const cron = schedule.cron === null ? '' : parseCron(schedule.cron)
  return typeof cron === 'string' ? undefined : cron.previous(at)
}

/** The first time after `at` at which a schedule is due. */
export function nextDue(schedule: Schedule, at: number): number | undefined {
  if (schedule.everyMs !== null) return (Math.floor(at / schedule.everyMs) + 1) * schedule.everyMs
  const cron = schedule.cron === null ? '' : parseCron(schedule.cron)
  return typeof cron === 'string' ? undefined : cron.next(at)
}

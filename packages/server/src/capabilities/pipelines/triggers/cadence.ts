import type { PipelineTrigger, PipelineTriggerState } from '@trivium/contract'
import type { Reader } from '../../../kernel/db/index.ts'
import { nextDue } from './due-times.ts'

/** How much of the time between two runs one may take before that is said. */
const tightShare = 0.8
const runsLookedAt = 5

/** Time between two runs of a trigger, in event time; null where it has none of its own. */
export function everyOf(trigger: PipelineTrigger, at: number): number | null {
  if (trigger.schedule?.everyMs) return trigger.schedule.everyMs
  if (trigger.schedule) {
    const next = nextDue(trigger.schedule, at)
    const second = next === undefined ? undefined : nextDue(trigger.schedule, next)
    return next === undefined || second === undefined ? null : second - next
  }
  return trigger.cooldownMs === 0 ? null : trigger.cooldownMs
}

/** It starts when the run before has ended. */
export function isBackToBack(trigger: PipelineTrigger, pipeline: string): boolean {
  return (
    trigger.cooldownMs === 0 &&
    (trigger.on?.events.includes('pipeline-run.finished') ?? false) &&
    [trigger.on?.where['pipeline']].flat().includes(pipeline)
  )
}

/** The sentence for a run that takes nearly as long as the time between two. */
export function tightWarning(everyMs: number | null, longestMs: number | null): string | null {
  if (everyMs === null || longestMs === null || longestMs < tightShare * everyMs) return null
  return longestMs >= everyMs
    ? `A run takes ${words(longestMs)}, longer than the ${words(everyMs)} between two: some are left out. Retrain less often, or make the run shorter.`
    : `A run takes ${words(longestMs)} of the ${words(everyMs)} between two. Retrain less often, or make the run shorter, before they overlap.`
}

/** Cadence of a trigger with how its newest runs went. */
export async function readCadence(
  db: Reader,
  place: { project: string; pipeline: string },
  trigger: PipelineTrigger,
  at: number,
): Promise<PipelineTriggerState['cadence']> {
  const runs = await db
    .selectFrom('pipeline_run')
    .select(['id', 'state', 'reason', 'created_at', 'finished_at'])
    .where('project_id', '=', place.project)
    .where('pipeline', '=', place.pipeline)
    .where('trigger_name', '=', trigger.name)
    .orderBy('id', 'desc')
    .limit(runsLookedAt)
    .execute()
  const [last] = runs
  const took = runs.flatMap((run) =>
    run.finished_at === null || run.state === 'failed' || run.state === 'cancelled'
      ? []
      : [run.finished_at - run.created_at],
  )
  const longestMs = took.length === 0 ? null : Math.max(...took)
  const everyMs = everyOf(trigger, at)
  return {
    everyMs,
    backToBack: isBackToBack(trigger, place.pipeline),
    longestMs,
    lastRun: last
      ? {
          id: last.id,
          state: last.state,
          reason: last.reason,
          finishedAt: last.finished_at,
          durationMs: last.finished_at === null ? null : last.finished_at - last.created_at,
        }
      : null,
    warning: tightWarning(everyMs, longestMs),
  }
}

const words = (ms: number): string => {
  const [amount, unit] =
    ms >= 172_800_000
      ? [ms / 86_400_000, 'days']
      : ms >= 7_200_000
        ? [ms / 3_600_000, 'hours']
        : ms >= 120_000
          ? [ms / 60_000, 'minutes']
          : [ms / 1000, 'seconds']
  return `${Math.round(amount * 10) / 10} ${unit}`
}

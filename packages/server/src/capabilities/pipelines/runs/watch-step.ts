import { stepErrors } from '../errors.ts'
import type { Engine } from './engine.ts'
import type { StepId } from './settle-step.ts'
import { StepFailure } from './step-failure.ts'

const pollMs = 1000

const keyOf = ({ project, run, step }: StepId): string => `${project}/${run}/${step}`

/** Stops a running step when its run is cancelled: at once by `stopSteps` in this process, else when the database says so. Returns how to end watching. */
export function watchStep(
  { db, running }: Pick<Engine, 'db' | 'running'>,
  id: StepId,
  stop: AbortController,
): () => void {
  const cancel = (): void => stop.abort(new StepFailure(stepErrors.CANCELLED(id.step), { outcome: 'cancelled' }))
  running.set(keyOf(id), stop)
  const poll = setInterval(() => {
    void db.read
      .selectFrom('pipeline_run')
      .select('cancel_requested_at')
      .where('project_id', '=', id.project)
      .where('id', '=', id.run)
      .executeTakeFirst()
      .then(
        (row) => row && row.cancel_requested_at !== null && cancel(),
        () => {},
      )
  }, pollMs)
  poll.unref()
  return () => {
    clearInterval(poll)
    if (running.get(keyOf(id)) === stop) running.delete(keyOf(id))
  }
}

/** Stops the steps of a run that this process has in hand. */
export function stopSteps({ running }: Pick<Engine, 'running'>, project: string, run: string): void {
  for (const [key, stop] of running) {
    if (key.startsWith(`${project}/${run}/`))
      stop.abort(new StepFailure(stepErrors.CANCELLED(key.split('/').at(-1) ?? ''), { outcome: 'cancelled' }))
  }
}

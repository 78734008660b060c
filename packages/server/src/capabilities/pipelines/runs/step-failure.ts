import type { StepAttempt, StepError } from '@trivium/contract'
import { AppError } from '../../../kernel/errors/index.ts'
import { stepErrors } from '../errors.ts'

/** A step that did not succeed, with what its attempt records. */
export class StepFailure extends Error {
  readonly code: string
  readonly detail: string | null
  readonly outcome: Exclude<StepAttempt['state'], 'running' | 'finished'>
  readonly exitCode: number | null
  readonly enteredAt: number | null

  constructor(
    error: AppError,
    extra: { detail?: string; outcome?: StepFailure['outcome']; exitCode?: number | null; enteredAt?: number } = {},
  ) {
    super(error.message)
    this.name = 'StepFailure'
    this.code = error.code
    this.detail = extra.detail ?? null
    this.outcome = extra.outcome ?? 'failed'
    this.exitCode = extra.exitCode ?? null
    this.enteredAt = extra.enteredAt ?? null
  }
}

/** Whatever a step threw as the failure of an attempt: expected errors keep their code. */
export function toStepFailure(step: string, error: unknown): StepFailure {
  if (error instanceof StepFailure) return error
  if (error instanceof AppError) return new StepFailure(error)
  const { message, stack } = error instanceof Error ? error : new Error(String(error))
  return new StepFailure(stepErrors.STEP_FAILED(step, message), stack === undefined ? {} : { detail: stack })
}

/** What the attempt keeps of it. */
export function stepErrorOf(failure: StepFailure): StepError {
  return { code: failure.code, message: failure.message, detail: failure.detail }
}

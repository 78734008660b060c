import type { StatusFinding } from '@trivium/contract'
import type { Pipelines } from './capabilities/pipelines/index.ts'
import { containIt } from './drivers/python-runner/index.ts'
import { defineErrors } from './kernel/errors/index.ts'
import type { Kernel } from './kernel/kernel.ts'

/** Errors of code of people on this machine. */
export const codeErrors = defineErrors('CODE', {
  UNCONTAINED: { status: 409, message: (why: string) => why },
})

/** What keeps code of people in on this machine, layer by layer; a warning where nothing does, a failure where none can run. */
export async function lookAtCode(
  { config }: Pick<Kernel, 'config'>,
  { code }: Pick<Pipelines, 'code'>,
): Promise<StatusFinding> {
  const check = 'code'
  if (config.codeExecution === 'off')
    return { check, state: 'ok', found: 'steps of people do not run here (codeExecution is off)', mend: null }
  const refusal = await code.refusal()
  if (refusal !== undefined) {
    const [found = '', ...mend] = refusal.split(/(?<=[.)]) (?=Run |Start )/)
    return { check, state: 'failed', found, mend: mend.join(' ') }
  }
  if (config.codeExecution === 'uncontained')
    return {
      check,
      state: 'warning',
      found: 'UNCONTAINED: steps can read every key and all data of this server, and do all that its user may',
      mend: containIt,
    }
  const { layers } = await code.boundary()
  const told = layers.map(({ name, active, found }) => (active ? `${name} (${found})` : `not ${name} (${found})`))
  return { check, state: 'ok', found: `contained by ${told.join(', ')}`, mend: null }
}

/** Said at the start: loudly where nothing contains steps. Throws CODE.UNCONTAINED where more than one person could bring code to it. */
export async function requireCodeBoundary(
  { config, logger }: Pick<Kernel, 'config' | 'logger'>,
  { code }: Pick<Pipelines, 'code'>,
): Promise<void> {
  if (config.codeExecution !== 'uncontained') return
  const refusal = await code.refusal()
  if (refusal !== undefined) throw codeErrors.UNCONTAINED(refusal)
  logger.error(
    {},
    'CODE RUNS UNCONTAINED: steps can read every key and all data of this server. Start it with --code-execution contained, at the latest before a second person may bring code.',
  )
}

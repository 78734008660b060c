import { writeFileSync } from 'node:fs'
import { AppError } from '../../kernel/errors/index.ts'
import { keepCode } from '../../kernel/config/kept-code.ts'
import { inspectModel } from './inspect-model.ts'
import { scoreTable } from './score-table.ts'
import type { FromScorer, ScorerCall, ToScorer } from './scorer-messages.ts'

/** The scoring process: answers calls over its IPC channel and ends when main's end of it closes, however main ended. */
process.title = 'trivium-scorer'
process.on('SIGINT', () => {})
process.on('SIGTERM', () => {})
// An ordinary exit would wait for the threads of the engines.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
if (process.platform === 'linux') writeFileSync('/proc/self/oom_score_adj', '500')

keepCode()

process.on('message', (message: ToScorer) => {
  void answer(message)
})

async function answer({ id, call }: ToScorer): Promise<void> {
  try {
    send({ id, result: await work(call) })
  } catch (error) {
    const known =
      error instanceof AppError
        ? error
        : new AppError('INTERNAL', 500, error instanceof Error ? error.message : String(error))
    send({ id, error: { code: known.code, status: known.status, message: known.message } })
  }
}

const work = (call: ScorerCall): Promise<unknown> =>
  call.kind === 'inspect' ? inspectModel(call.modelPath) : scoreTable(call)

function send(message: FromScorer): void {
  process.send?.(message)
}

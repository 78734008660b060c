import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { AppError } from '../../kernel/errors/index.ts'
import { keptCode } from '../../kernel/config/kept-code.ts'
import { modelErrors } from '../../kernel/ports/model-errors.ts'
import type { BatchScorer, ModelSignature } from '../../kernel/ports/model-runtime.ts'
import type { FromScorer, ScorerCall, ScorerResult } from './scorer-messages.ts'

const fromSource = import.meta.url.endsWith('.ts')
const childFile = fileURLToPath(new URL(fromSource ? './scorer-child.ts' : './scorer-child.js', import.meta.url))
const inspectMs = 60_000

/**
 * Runs models over tables in a process of its own, one call at a time; files that nobody vouches for are parsed there first. The process starts on demand,
 * ends after `idleMs` without work and with this process's end of its pipe. `tempDir` is its working directory and stays empty.
 */
/** How the runtime ends by itself. Any other signal came from outside and says nothing of the file. */
const crashes: ReadonlySet<string> = new Set(['SIGSEGV', 'SIGABRT', 'SIGBUS', 'SIGILL', 'SIGFPE', 'SIGTRAP'])

export function createBatchScorer({ tempDir, idleMs = 30_000 }: { tempDir: string; idleMs?: number }): BatchScorer {
  let child: ChildProcess | undefined
  let idle: NodeJS.Timeout | undefined
  let queue: Promise<unknown> = Promise.resolve()
  let lastId = 0
  let closed = false

  function start(): ChildProcess {
    mkdirSync(tempDir, { recursive: true, mode: 0o700 })
    const flags = fromSource ? ['--conditions=trivium-source'] : []
    return spawn(process.execPath, [...flags, childFile], {
      cwd: tempDir,
      env: { TZ: 'UTC', ...keptCode() },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
  }

  function rest(): void {
    child?.unref()
    child?.channel?.unref()
    ;(child?.stderr as { unref?: () => void } | null | undefined)?.unref?.()
    idle = setTimeout(() => {
      child?.disconnect()
      child = undefined
    }, idleMs)
    idle.unref()
  }

  async function run<C extends ScorerCall>(
    call: C,
    { signal, timeoutMs }: { signal?: AbortSignal; timeoutMs?: number },
  ): Promise<ScorerResult<C>> {
    if (closed || signal?.aborted) throw modelErrors.CANCELLED()
    clearTimeout(idle)
    const worker = child ?? start()
    child = worker
    worker.ref()
    worker.channel?.ref()
    try {
      return await ask(worker, call, {
        ...(signal ? { signal } : {}),
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      })
    } finally {
      if (child === worker) rest()
    }
  }

  function ask<C extends ScorerCall>(
    worker: ChildProcess,
    call: C,
    { signal, timeoutMs }: { signal?: AbortSignal; timeoutMs?: number },
  ): Promise<ScorerResult<C>> {
    return new Promise((resolve, reject) => {
      lastId += 1
      const id = lastId
      let lastWords = ''
      let reason: AppError | undefined
      const stop = (why: AppError): void => {
        reason = why
        worker.kill('SIGKILL')
      }
      const onAbort = (): void => stop(modelErrors.CANCELLED())
      const timer =
        timeoutMs === undefined
          ? undefined
          : setTimeout(
              () => stop(modelErrors.NOT_READABLE(`reading it took more than ${timeoutMs / 1000} s`)),
              timeoutMs,
            )
      const onWords = (chunk: Buffer): void => {
        lastWords = (lastWords + chunk.toString('utf8')).slice(-500)
      }
      const settle = (finish: () => void): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', onAbort)
        worker.off('message', onMessage)
        worker.off('close', onClose)
        worker.off('error', onError)
        worker.stderr?.off('data', onWords)
        finish()
      }
      const onMessage = (message: FromScorer): void => {
        if (message.id !== id) return
        settle(() => {
          if ('error' in message) reject(new AppError(message.error.code, message.error.status, message.error.message))
          else resolve(message.result as ScorerResult<C>)
        })
      }
      const onClose = (code: number | null, by: string | null): void => {
        if (child === worker) child = undefined
        const how = `${by ?? `exit code ${code}`}${lastWords.trim() ? `: ${lastWords.trim()}` : ''}`
        settle(() =>
          reject(
            reason ??
              (call.kind === 'inspect' && (code !== null || crashes.has(by ?? ''))
                ? modelErrors.NOT_READABLE(`it ended the process that read it (${how})`)
                : modelErrors.SCORER_LOST(how)),
          ),
        )
      }
      const onError = (error: Error): void => onClose(null, error.message)
      worker.on('message', onMessage)
      worker.once('close', onClose)
      worker.once('error', onError)
      worker.stderr?.on('data', onWords)
      signal?.addEventListener('abort', onAbort)
      worker.send({ id, call })
    })
  }

  /** One after the other: a model and a table at a time is what fits into memory. */
  const enqueue = <T>(work: () => Promise<T>): Promise<T> => {
    const next = queue.then(work, work)
    queue = next.catch(() => {})
    return next
  }

  return {
    inspect: (modelPath): Promise<ModelSignature> =>
      enqueue(() => run({ kind: 'inspect', modelPath }, { timeoutMs: inspectMs })),
    score: ({ signal, ...request }) => enqueue(() => run({ kind: 'score', ...request }, signal ? { signal } : {})),
    close: async () => {
      closed = true
      clearTimeout(idle)
      const worker = child
      child = undefined
      if (!worker || worker.exitCode !== null || worker.signalCode !== null) return
      const gone = new Promise<void>((resolve) => worker.once('close', () => resolve()))
      worker.ref()
      worker.kill('SIGKILL')
      await gone
    },
  }
}

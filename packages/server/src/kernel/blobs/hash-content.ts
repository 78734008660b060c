import { Worker } from 'node:worker_threads'
import { threadFlags } from '../config/thread-flags.ts'
import { checkStored, type Counted, createCounter, type Expected } from './verify-content.ts'

/** Content that is hashed while it is written to a file. */
export interface ContentHasher {
  /** Takes the next bytes; all before them are in the file. Where it returns a promise they must not change until it resolves. */
  update(bytes: Buffer): Promise<void> | undefined
  finish(expected: Expected): Promise<Counted>
  /** To be called in any case. */
  end(): Promise<void>
}

interface HashThread {
  ask(message: Buffer | null): Promise<unknown>
  end(): Promise<void>
}

/** From so many bytes on a thread does it: to hash them, whole and in pieces, takes as long as all else, and nobody else is answered meanwhile. */
const largeBytes = 64 * 1024 * 1024
const mostThreads = 2
let threads = 0

/** Hashes content that lies in, or is on its way to, the file `path`: at first here, what is large in a thread, which reads from the file what came before it. */
export function createContentHasher(path: string, large = largeBytes): ContentHasher {
  const counter = createCounter()
  let thread: HashThread | undefined
  let size = 0
  return {
    update: (bytes) => {
      if (!thread && size >= large && threads < mostThreads) thread = startThread(path, size)
      size += bytes.length
      if (thread) return thread.ask(bytes).then(() => {})
      counter.update(bytes)
      return undefined
    },
    finish: async (expected) => {
      if (!thread) return counter.finish(expected)
      const { chunks, ...found } = (await thread.ask(null)) as Counted
      // A Buffer arrives as plain bytes.
      const digests = chunks && Buffer.from(chunks.digests)
      return { ...checkStored(found, expected), chunks: chunks && digests ? { ...chunks, digests } : undefined }
    },
    end: async () => thread?.end(),
  }
}

function startThread(path: string, size: number): HashThread {
  threads += 1
  const module = import.meta.url.endsWith('.ts') ? './hash-thread.ts' : './hash-thread.js'
  const worker = new Worker(new URL(module, import.meta.url), { workerData: { path, size }, execArgv: threadFlags() })
  const waiting: { resolve: (answer: unknown) => void; reject: (error: Error) => void }[] = []
  let failed: Error | undefined
  const fail = (error: Error): void => {
    failed ??= error
    for (const one of waiting.splice(0)) one.reject(failed)
  }
  worker.on('message', (answer: unknown) => waiting.shift()?.resolve(answer))
  worker.on('error', fail)
  worker.on('exit', () => {
    threads -= 1
    fail(new Error('The thread that hashes content ended.'))
  })
  return {
    ask: (message) =>
      new Promise((resolve, reject) => {
        if (failed) return reject(failed)
        waiting.push({ resolve, reject })
        worker.postMessage(message)
      }),
    end: async () => void (await worker.terminate()),
  }
}

import { type LedgerWriter, openLedgerWriter } from '../kernel/ledger/ledger-writer.ts'

/** Appends prediction records. `append` resolves after `write()`; requests that end in the same turn share one write. */
export interface RecordLog {
  /** `lines` are records as JSON, each with its newline. Rejects with LEDGER.NO_SPACE; then none of them counts. */
  append(project: string, deployment: string, lines: string): Promise<void>
  close(): void
}

interface Stream {
  writer: LedgerWriter
  lines: string
  waiting: { resolve(): void; reject(error: unknown): void }[]
}

export function createRecordLog({ root }: { root: string }): RecordLog {
  const streams = new Map<string, Stream>()

  const flush = (stream: Stream): void => {
    const { lines, waiting } = stream
    stream.lines = ''
    stream.waiting = []
    try {
      stream.writer.appendLines(lines)
      for (const one of waiting) one.resolve()
    } catch (error) {
      for (const one of waiting) one.reject(error)
    }
  }

  return {
    append: (project, deployment, lines) => {
      const key = `${project}/${deployment}`
      let stream = streams.get(key)
      if (!stream) {
        stream = {
          writer: openLedgerWriter({ root, stream: ['predictions', project, deployment] }),
          lines: '',
          waiting: [],
        }
        streams.set(key, stream)
      }
      const mine = stream
      mine.lines += lines
      return new Promise((resolve, reject) => {
        mine.waiting.push({ resolve, reject })
        // After every request that the model answered in this run has added its own.
        if (mine.waiting.length === 1) process.nextTick(flush, mine)
      })
    },
    close: () => {
      for (const stream of streams.values()) stream.writer.close()
      streams.clear()
    },
  }
}

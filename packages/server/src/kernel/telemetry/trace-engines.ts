import type { BatchScorer, TableEngine } from '../ports/index.ts'
import type { Tracer } from './tracer.ts'

/** The engine of tables, each of whose calls is a span: its process works for somebody who waits. */
export function traceTables(engine: TableEngine, tracer: Tracer): TableEngine {
  if (!tracer.on) return engine
  const traced = <T>(call: string, work: () => Promise<T>) => tracer.run(`tables ${call}`, 'client', {}, work)
  return {
    query: (...call) => traced('query', () => engine.query(...call)),
    write: (...call) => traced('write', () => engine.write(...call)),
    describe: (...call) => traced('describe', () => engine.describe(...call)),
    processes: () => engine.processes(),
    replaced: () => engine.replaced(),
    close: () => engine.close(),
  }
}

/** The scorer of models, likewise. */
export function traceScorer(scorer: BatchScorer, tracer: Tracer): BatchScorer {
  if (!tracer.on) return scorer
  return {
    inspect: (path) => tracer.run('scorer inspect', 'client', {}, () => scorer.inspect(path)),
    score: (request) => tracer.run('scorer score', 'client', {}, () => scorer.score(request)),
    close: () => scorer.close(),
  }
}

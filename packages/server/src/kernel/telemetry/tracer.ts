import { randomBytes } from 'node:crypto'
import { activeSpan, type SpanContext } from './span-context.ts'

/** Who waits for whom: `server` answers somebody, `client` waits for another process, `consumer` takes up queued work. */
export type SpanKind = 'internal' | 'server' | 'client' | 'consumer'
export type SpanAttributes = Readonly<Record<string, string | number>>

/** What came of a span, ready to be sent. */
export interface FinishedSpan {
  readonly context: SpanContext
  readonly parentId: string | undefined
  readonly name: string
  readonly kind: SpanKind
  /** Milliseconds UTC, with fractions. */
  readonly start: number
  readonly end: number
  readonly attributes: SpanAttributes
  readonly error: string | undefined
}

/** A stretch of time that somebody may want to see. */
export interface Span {
  /** Runs something as a part of it: spans that begin there are its children. */
  within<T>(work: () => T): T
  /** Ends it, with what became known meanwhile; `error` says what went wrong. Only the first call counts. */
  end(attributes?: SpanAttributes, error?: string): void
}

/** Where spans come from. While tracing is off nobody calls it: ask `on` first, or use `run`, which then only runs. */
export interface Tracer {
  readonly on: boolean
  begin(name: string, kind: SpanKind, attributes: SpanAttributes, parent?: SpanContext): Span
  /** Runs something in a span that ends with it. */
  run<T>(
    name: string,
    kind: SpanKind,
    attributes: SpanAttributes,
    work: () => Promise<T>,
    parent?: SpanContext,
  ): Promise<T>
}

/** No spans. */
export const noTracer: Tracer = {
  on: false,
  begin: () => ({ within: (work) => work(), end: () => {} }),
  run: (_name, _kind, _attributes, work) => work(),
}

const now = (): number => performance.timeOrigin + performance.now()

/** Spans that are handed on when they end, unless whoever asked us does not record his. */
export function createTracer(finished: (span: FinishedSpan) => void): Tracer {
  const begin: Tracer['begin'] = (name, kind, attributes, parent = activeSpan.getStore()) => {
    const context: SpanContext = {
      traceId: parent?.traceId ?? randomBytes(16).toString('hex'),
      spanId: randomBytes(8).toString('hex'),
      sampled: parent?.sampled ?? true,
    }
    const start = now()
    let open = true
    return {
      within: (work) => activeSpan.run(context, work),
      end: (more = {}, error) => {
        if (!open) return
        open = false
        if (!context.sampled) return
        finished({
          context,
          parentId: parent?.spanId,
          name,
          kind,
          start,
          end: now(),
          attributes: { ...attributes, ...more },
          error,
        })
      },
    }
  }
  return {
    on: true,
    begin,
    run: async (name, kind, attributes, work, parent) => {
      const span = begin(name, kind, attributes, parent)
      try {
        const result = await span.within(work)
        span.end()
        return result
      } catch (error) {
        span.end({}, (error as { code?: string }).code ?? 'failed')
        throw error
      }
    },
  }
}

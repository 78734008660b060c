import { AsyncLocalStorage } from 'node:async_hooks'

/** Which span of which trace, as W3C Trace Context names them. */
export interface SpanContext {
  /** 32 hex digits. */
  readonly traceId: string
  /** 16 hex digits. */
  readonly spanId: string
  /** Whether it is recorded. */
  readonly sampled: boolean
}

/** The span that the present work belongs to; empty while tracing is off. */
export const activeSpan = new AsyncLocalStorage<SpanContext>()

/** The header `traceparent` for whoever is called now; undefined outside of a span. */
export function traceparent(context: SpanContext | undefined = activeSpan.getStore()): string | undefined {
  return context && `00-${context.traceId}-${context.spanId}-${context.sampled ? '01' : '00'}`
}

/** Reads the header `traceparent`; undefined where it is missing or breaks the form, as the specification wants it. */
export function readTraceparent(header: unknown): SpanContext | undefined {
  if (typeof header !== 'string') return undefined
  const match = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-|$)/.exec(header)
  if (!match || (header.startsWith('00') && header.length !== 55)) return undefined
  const [, traceId = '', spanId = '', flags = ''] = match
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 }
}

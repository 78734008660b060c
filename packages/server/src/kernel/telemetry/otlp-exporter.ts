import type { Egress } from '../egress/index.ts'
import type { Logger } from '../logging/index.ts'
import type { FinishedSpan, SpanAttributes, SpanKind } from './tracer.ts'

const largestQueue = 4096
const largestBatch = 512
const waitMs = 1000
const timeoutMs = 10_000
const quietMs = 60_000

export interface TraceSettings {
  /** Base URL of an OTLP/HTTP receiver; spans go to its `/v1/traces`. */
  readonly endpoint: string
  /** `name=value` pairs, comma-separated, such as credentials. */
  readonly headers: string
}

/** Sends finished spans in batches as OTLP/HTTP JSON. Nobody waits for it: what does not fit into the queue or is not taken is dropped and counted. */
export interface OtlpExporter {
  add(span: FinishedSpan): void
  /** How many spans were dropped. */
  dropped(): number
  /** Sends what is there, once. */
  stop(): Promise<void>
}

export function createOtlpExporter({
  egress,
  logger,
  settings,
  resource,
}: {
  egress: Pick<Egress, 'call'>
  logger: Logger
  settings: TraceSettings
  resource: SpanAttributes
}): OtlpExporter {
  const url = `${settings.endpoint.replace(/\/+$/, '')}/v1/traces`
  const headers = { 'content-type': 'application/json', ...readHeaders(settings.headers) }
  let queue: FinishedSpan[] = []
  let dropped = 0
  let timer: NodeJS.Timeout | undefined
  let sending: Promise<void> | undefined
  let warnedAt = 0

  async function send(): Promise<void> {
    while (queue.length > 0) {
      const batch = queue.slice(0, largestBatch)
      queue = queue.slice(largestBatch)
      try {
        const answer = await egress.call({
          connection: 'traces',
          url,
          method: 'POST',
          headers,
          body: JSON.stringify(otlpOf(batch, resource)),
          timeoutMs,
          maxBytes: 64_000,
        })
        if (answer.status >= 300) throw new Error(`it answered ${answer.status}`)
      } catch (error) {
        dropped += batch.length
        if (Date.now() - warnedAt < quietMs) continue
        warnedAt = Date.now()
        logger.warn({ err: error, spans: batch.length }, 'spans could not be sent and are dropped')
      }
    }
  }
  const flush = (): Promise<void> => {
    clearTimeout(timer)
    timer = undefined
    sending ??= send().finally(() => {
      sending = undefined
    })
    return sending
  }
  return {
    add: (span) => {
      if (queue.length >= largestQueue) {
        dropped += 1
        return
      }
      queue.push(span)
      if (queue.length >= largestBatch) void flush()
      else timer ??= setTimeout(() => void flush(), waitMs).unref()
    },
    dropped: () => dropped,
    stop: flush,
  }
}

/** `name=value` pairs, comma-separated, by lower-case name. */
export function readHeaders(text: string): Record<string, string> {
  const pairs = text.split(',').map((pair) => pair.trim())
  return Object.fromEntries(
    pairs.filter(Boolean).map((pair) => {
      const at = pair.indexOf('=')
      return [pair.slice(0, at).trim().toLowerCase(), pair.slice(at + 1).trim()]
    }),
  )
}

const kinds: Readonly<Record<SpanKind, number>> = { internal: 1, server: 2, client: 3, consumer: 5 }
const nanoseconds = (ms: number): string => String(BigInt(Math.round(ms * 1000)) * 1000n)
const attributesOf = (attributes: SpanAttributes) =>
  Object.entries(attributes).map(([key, value]) => ({
    key,
    value:
      typeof value === 'string'
        ? { stringValue: value }
        : Number.isInteger(value)
          ? { intValue: String(value) }
          : { doubleValue: value },
  }))

/** ExportTraceServiceRequest in the JSON form of OTLP 1.x: ids as hex, times and integers as decimal text. */
export function otlpOf(spans: readonly FinishedSpan[], resource: SpanAttributes) {
  return {
    resourceSpans: [
      {
        resource: { attributes: attributesOf(resource) },
        scopeSpans: [
          {
            scope: { name: 'trivium' },
            spans: spans.map(({ context, parentId, name, kind, start, end, attributes, error }) => ({
              traceId: context.traceId,
              spanId: context.spanId,
              ...(parentId === undefined ? {} : { parentSpanId: parentId }),
              name,
              kind: kinds[kind],
              startTimeUnixNano: nanoseconds(start),
              endTimeUnixNano: nanoseconds(end),
              attributes: attributesOf(attributes),
              status: error === undefined ? {} : { code: 2, message: error },
            })),
          },
        ],
      },
    ],
  }
}

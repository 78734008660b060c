import { Readable } from 'node:stream'
import type { FastifyRequest, RequestPayload } from 'fastify'
import type { Principal, Scope } from '../principal/index.ts'

/** Whose quotas a request is taken from. */
export interface QuotaCaller {
  readonly project: string
  readonly principal: Principal
}

/** Says whether a caller may go on; the capability `quotas` implements it. Everything throws when it may not. */
export interface RequestQuotas {
  /** One request with a body of so many bytes; `stores`: they are kept as content. */
  take(caller: QuotaCaller, request: { bytes: number; stores: boolean }): Promise<void>
  /** More bytes of a body whose length was not told. */
  takeBytes(caller: QuotaCaller, request: { bytes: number; stores: boolean }): void
  /** Throws when so many more bytes would not fit, before any of them is sent. */
  requireStorage(caller: QuotaCaller, bytes: number): Promise<void>
  /** An event stream; returns what is to be called when it is closed. */
  openStream(caller: QuotaCaller): () => void
}

/** The body with its bytes counted as they are read, where the client did not tell their number beforehand. */
export function countBody(quotas: RequestQuotas, request: FastifyRequest, payload: RequestPayload): RequestPayload {
  const { scope, headers, routeOptions } = request
  if (!scope || headers['content-length'] !== undefined || headers['transfer-encoding'] === undefined) return payload
  const stores = routeOptions.config.stores === true
  let received = 0
  async function* counted(): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of payload.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        received += chunk.length
        quotas.takeBytes(scope as Scope, { bytes: chunk.length, stores })
        yield chunk
      }
    } finally {
      // The rest is read and dropped, so that the client gets to read the answer.
      payload.resume()
    }
  }
  // Only a reader makes it go on, so that it cannot fail before somebody listens.
  const body = Readable.from(counted(), { objectMode: false })
  return Object.defineProperty(body, 'receivedEncodedLength', { get: () => received })
}

import type { CustomFetch } from 'openid-client'
import type { Egress } from '../../../kernel/egress/index.ts'

const timeoutMs = 10_000
const bodiless = new Set([101, 204, 205, 304])

/** The way out of the server in the shape of `fetch`, for libraries that call an identity provider. Redirects are not followed. */
export function egressFetch(egress: Egress): CustomFetch {
  return async (url, { method, headers, body, signal }) => {
    const answer = await egress.call({
      connection: 'sign-in',
      url,
      method: method === 'POST' ? 'POST' : 'GET',
      headers,
      timeoutMs,
      ...(signal ? { signal } : {}),
      ...(body === undefined || body === null ? {} : { body: textOf(body) }),
    })
    return new Response(bodiless.has(answer.status) ? null : new Uint8Array(answer.body), {
      status: answer.status,
      headers: answer.headers,
    })
  }
}

function textOf(body: unknown): string {
  if (typeof body === 'string') return body
  if (body instanceof URLSearchParams) return body.toString()
  throw new TypeError('Identity providers are sent forms and text only.')
}

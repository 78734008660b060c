import { predictErrors } from './gateway-errors.ts'
import { show } from './check-value.ts'

/** A JSON object, or an error that says what is there instead. */
export function parseJsonObject(body: Buffer | string): Record<string, unknown> {
  const value = parse(body)
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw predictErrors.INVALID(`The body must be a JSON object; got ${show(value)}.`)
  return value as Record<string, unknown>
}

function parse(body: Buffer | string): unknown {
  const text = body.toString()
  if (text.trim() === '') throw predictErrors.INVALID('The body is empty; send a JSON object.')
  try {
    return JSON.parse(text)
  } catch (error) {
    throw predictErrors.INVALID(`The body is not JSON: ${(error as Error).message}.`)
  }
}

/** The media type of a request without its parameters, `undefined` when none is given. */
export function mediaType(contentType: string | undefined): string | undefined {
  return contentType?.split(';')[0]?.trim().toLowerCase()
}

/** Throws for a media type that is given and not JSON. */
export function requireJson(contentType: string | undefined): void {
  const type = mediaType(contentType)
  if (type !== undefined && type !== 'application/json' && !type.endsWith('+json'))
    throw predictErrors.MEDIA_TYPE(type, 'application/json')
}

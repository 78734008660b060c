import { type EventSchema, findEventSchema } from '@trivium/contract'
import type { TSchema } from 'typebox'
import { values } from '../libraries/index.ts'
import type { NewEvent } from './event-log.ts'

/** Throws when an event has no public schema, or says something else than that, or more. Fields beside the schema are found too, which receivers would just ignore. */
export function checkEvent({ name, schema: version, subject, data }: NewEvent): void {
  const schema = findEventSchema(name, version)
  if (!schema) {
    throw new Error(`Event ${name}@${version} has no schema. Add it to packages/contract/src/event-schemas/.`)
  }
  const kind = subject.split('/')[3]
  if (kind !== schema.subject) {
    throw new Error(`Event ${name}@${version} is about a ${schema.subject}, says its schema, and not a ${kind}.`)
  }
  // As it is stored: what is undefined is left out.
  const stored: unknown = JSON.parse(JSON.stringify(data))
  const wrong = [...values().Errors(closedSchema(schema), stored)].map(
    ({ instancePath, message, params }) => `data${instancePath} ${message} ${JSON.stringify(params)}`,
  )
  if (wrong.length > 0) throw new Error(`Event ${name}@${version} breaks its schema: ${wrong.join('; ')}`)
}

const closed = new Map<EventSchema, TSchema>()

function closedSchema(schema: EventSchema): TSchema {
  let found = closed.get(schema)
  if (!found) closed.set(schema, (found = close(schema.data) as TSchema))
  return found
}

/** The same schema, but with no room for fields that it does not name. */
function close(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(close)
  if (typeof schema !== 'object' || schema === null) return schema
  const copy = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, close(value)]))
  return 'properties' in schema && !('patternProperties' in schema) ? { additionalProperties: false, ...copy } : copy
}
